import RayflowCore

/// The sending side of the channels: subscribers ask for what came after their position and are answered when there is something.
///
/// A channel that nobody follows costs a counter. Of one that is followed, the last ``Limits/retainedMessages`` are kept; who asks for more, or
/// in another epoch, gets a snapshot.
struct Publisher: Sendable {
    struct Channel: Sendable {
        var sequence: UInt64 = 0
        /// Its last messages, the newest last; `head` of them are to be forgotten.
        var messages: [KeyedRow] = []
        var head = 0
        var isFollowed = false
        var sinceLastPoll = 0
        var parked: [(subscriber: Address, sequence: UInt64)] = []

        var retained: Int { messages.count - head }
    }

    let epoch: UInt32
    private let retained: Int
    private var channels: [Channel]

    init(epoch: UInt32, retained: Int = Limits.retainedMessages) {
        self.epoch = epoch
        self.retained = max(1, retained)
        channels = GCSChannel.allCases.map { _ in Channel() }
    }

    func isFollowed(_ channel: GCSChannel) -> Bool { channels[Int(channel.rawValue)].isFollowed }
    func position(_ channel: GCSChannel) -> ChannelPosition {
        ChannelPosition(epoch: epoch, sequence: channels[Int(channel.rawValue)].sequence)
    }
    var parkedPolls: Int { channels.reduce(0) { $0 + $1.parked.count } }

    /// - Parameter row: encoded only for a channel that is followed.
    mutating func publish(_ id: GCSChannel, key: @autoclosure () -> [UInt8], row: @autoclosure () -> [UInt8]?) {
        let index = Int(id.rawValue)
        channels[index].sequence += 1
        guard channels[index].isFollowed else { return }
        channels[index].sinceLastPoll += 1
        if channels[index].sinceLastPoll > retained, channels[index].parked.isEmpty {
            channels[index].isFollowed = false
            channels[index].messages = []
            channels[index].head = 0
            return
        }
        channels[index].messages.append(KeyedRow(key: key(), row: row()))
        if channels[index].retained > retained { channels[index].head += 1 }
        if channels[index].head > retained {
            channels[index].messages.removeFirst(channels[index].head)
            channels[index].head = 0
        }
    }

    /// What was published meets who waits for it.
    mutating func answerParked(into out: inout [GCSDirective]) {
        for id in GCSChannel.allCases where !channels[Int(id.rawValue)].parked.isEmpty {
            let channel = channels[Int(id.rawValue)]
            let due = channel.parked.filter { $0.sequence < channel.sequence }
            if due.isEmpty { continue }
            channels[Int(id.rawValue)].parked.removeAll { $0.sequence < channel.sequence }
            for (subscriber, sequence) in due { out.append(send(id, since: sequence, to: subscriber)) }
        }
    }

    /// - Parameter snapshot: at most ``Limits/snapshotRows`` rows, and how many more there are.
    mutating func poll(
        _ m: PollChannel, from: Address, snapshot: () -> (rows: [KeyedRow], missing: Int), into out: inout [GCSDirective]
    ) {
        let index = Int(m.channel.rawValue)
        channels[index].isFollowed = true
        channels[index].sinceLastPoll = 0
        channels[index].parked.removeAll { $0.subscriber == from }
        let channel = channels[index]
        let behind = channel.sequence &- m.position.sequence
        guard m.position.epoch == epoch, m.position.sequence <= channel.sequence, behind <= UInt64(channel.retained) else {
            let (rows, missing) = snapshot()
            out.append(
                .send(
                    .channelMessages(
                        ChannelMessages(
                            channel: m.channel, isSnapshot: true, position: position(m.channel), rows: rows, missing: UInt64(missing))),
                    to: from))
            return
        }
        if behind > 0 { return out.append(send(m.channel, since: m.position.sequence, to: from)) }
        // The one that has waited longest asks again when it hears of nothing.
        if channel.parked.count >= Limits.parkedPolls { channels[index].parked.removeFirst() }
        channels[index].parked.append((from, m.position.sequence))
    }

    /// The retained messages of a channel without a table.
    func retainedMessages(_ id: GCSChannel) -> [KeyedRow] {
        let channel = channels[Int(id.rawValue)]
        return Array(channel.messages[channel.head...])
    }

    mutating func subscriberGone(where isGone: (Address) -> Bool) {
        for index in channels.indices { channels[index].parked.removeAll { isGone($0.subscriber) } }
    }

    private func send(_ id: GCSChannel, since sequence: UInt64, to: Address) -> GCSDirective {
        let channel = channels[Int(id.rawValue)]
        let behind = Int(channel.sequence - sequence)
        let rows = channel.messages.suffix(behind).prefix(Limits.messagesAtOnce)
        return .send(
            .channelMessages(
                ChannelMessages(
                    channel: id, isSnapshot: false,
                    position: ChannelPosition(epoch: epoch, sequence: sequence + UInt64(rows.count)), rows: Array(rows), missing: 0)),
            to: to)
    }
}
