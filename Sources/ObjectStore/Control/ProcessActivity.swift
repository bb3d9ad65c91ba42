/// What a worker process shows of itself on its page, so that the raylet knows without a message what it would lose by ending it.
package enum ProcessActivity: Hashable, Sendable {
    case idle
    /// A task or an actor.
    ///
    /// - Parameters:
    ///   - since: monotonic nanoseconds.
    ///   - isRetriable: it may be made again when the process dies.
    case running(since: UInt64, isRetriable: Bool)

    var word: UInt64 {
        switch self {
        case .idle: 0
        case .running(let since, let isRetriable): max(since, 1) << 1 | (isRetriable ? 1 : 0)
        }
    }

    init(word: UInt64) { self = word == 0 ? .idle : .running(since: word >> 1, isRetriable: word & 1 == 1) }
}
