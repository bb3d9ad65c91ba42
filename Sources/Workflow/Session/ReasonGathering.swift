import Rayflow
import RayflowCore

/// Why attempts wait, asked of whoever holds each of them.
final class ReasonGathering: @unchecked Sendable {
    private let lock = Lock()
    private var reasons: [String: PendingReason] = [:]
    private var left: Int
    private let answer = OneShot<[String: PendingReason]>()

    private init(_ count: Int) { left = count }

    /// By position; those that run, and those of which nobody knows, are left out. Blocks until each has been answered or has had its time.
    static func reasons(for waiting: [(position: String, id: ObjectID)], of core: CoreWorker) -> [String: PendingReason] {
        guard !waiting.isEmpty else { return [:] }
        let gathering = ReasonGathering(waiting.count)
        for (position, id) in waiting { core.explain(id) { gathering.give($0, position) } }
        return gathering.answer.take()
    }

    private func give(_ reason: PendingReason?, _ position: String) {
        let all = lock.withLock { () -> [String: PendingReason]? in
            switch reason {
            case .granted?, nil: break
            case let reason?: reasons[position] = reason
            }
            left -= 1
            return left == 0 ? reasons : nil
        }
        if let all { answer.give(all) }
    }
}
