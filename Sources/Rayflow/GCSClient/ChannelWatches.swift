package import GCS
import RayflowCore
import Transport

/// The channels that a process follows: one copy of each, kept fresh for all who look at it. Confined to the loop.
package final class ChannelWatches: @unchecked Sendable {
    /// Called on the loop; ``ChannelFollower/Change/all`` first, when the copy is there.
    package typealias Observer = @Sendable (ChannelFollower.Change, ChannelFollower) -> Void

    private struct Watch {
        var follower: ChannelFollower
        var observers: [UInt64: Observer] = [:]
        /// Counts the polls, so that a timer of an earlier one is recognised.
        var polls: UInt64 = 0
    }
    private var watches: [GCSChannel: Watch] = [:]
    private var nextObserver: UInt64 = 1

    /// - Returns: a ticket for ``remove(_:from:)``.
    func add(_ channel: GCSChannel, through core: CoreWorker, _ observer: @escaping Observer) -> UInt64 {
        defer { nextObserver += 1 }
        let isNew = watches[channel] == nil
        var watch = watches[channel] ?? Watch(follower: ChannelFollower(channel))
        watch.observers[nextObserver] = observer
        watches[channel] = watch
        if isNew { poll(channel, core) } else if watch.follower.snapshots > 0 { observer(.all, watch.follower) }
        return nextObserver
    }

    /// The last observer's channel is not followed any more: what is known of it would grow old.
    func remove(_ ticket: UInt64, from channel: GCSChannel) {
        watches[channel]?.observers[ticket] = nil
        if watches[channel]?.observers.isEmpty == true { watches[channel] = nil }
    }

    func receive(_ m: ChannelMessages, through core: CoreWorker) {
        guard var watch = watches[m.channel] else { return }
        let change = watch.follower.receive(m)
        watches[m.channel] = watch
        if change != .none { for (_, observer) in watch.observers.sorted(by: { $0.key < $1.key }) { observer(change, watch.follower) } }
        if watches[m.channel] != nil { poll(m.channel, core) }
    }

    func gcsLost(through core: CoreWorker) {
        for channel in watches.keys { pollLater(channel, core, RuntimeLimits.pollRetryNS) }
    }

    private func poll(_ channel: GCSChannel, _ core: CoreWorker) {
        guard let watch = watches[channel] else { return }
        core.send(.pollChannel(watch.follower.poll), to: .gcs)
        pollLater(channel, core, RuntimeLimits.pollAgainNS)
    }

    private func pollLater(_ channel: GCSChannel, _ core: CoreWorker, _ delay: UInt64) {
        watches[channel]?.polls += 1
        let number = watches[channel]?.polls
        core.loop.scheduleTimer(afterNanoseconds: delay) { [weak self, weak core] in
            guard let self, let core, watches[channel]?.polls == number else { return }
            poll(channel, core)
        }
    }
}
