/// What went wrong, where, and what to do about it: the one error type of the engine.
///
/// `get` throws an error type of the user's own as itself if `Registry(errors:)` names it; every other failure of a remote body comes as this
/// type with its ``remoteType`` and its message.
public struct RayflowError: Error, Sendable {
    public var code: Code
    public var message: String
    /// The error behind this one in this process; for a failed task the user's own error if its type is registered.
    public var cause: (any Error)?
    /// The function or method that failed first, as registered.
    public var task: String?
    /// Which attempt failed, counted from 1; 0 where there was none.
    public var attempt: Int
    /// The node on which it ran, in hexadecimal.
    public var node: String?
    /// The type of the error that the remote body threw.
    public var remoteType: String?
    /// Where the output of the attempt is kept.
    public var log: String?
    /// With `objectLost`, `lineageEvicted` and `ownerDied`: why the object could not be made again. With `actorDied`: that the actor was not needed
    /// any more.
    public var reason: LossReason?

    public init(
        _ code: Code, _ message: String, cause: (any Error)? = nil, task: String? = nil, attempt: Int = 0, node: String? = nil,
        remoteType: String? = nil, log: String? = nil, reason: LossReason? = nil
    ) {
        self.code = code
        self.message = message
        self.cause = cause
        self.task = task
        self.attempt = attempt
        self.node = node
        self.remoteType = remoteType
        self.log = log
        self.reason = reason
    }
}

extension RayflowError: CustomStringConvertible {
    public var description: String {
        var text = "\(code.rawValue): \(message)"
        var facts: [String] = []
        if let task { facts.append(attempt > 1 ? "task \(task), attempt \(attempt)" : "task \(task)") }
        if let node { facts.append("node \(node)") }
        if let remoteType { facts.append(remoteType) }
        if let reason { facts.append(reason.rawValue) }
        if let log { facts.append("log \(log)") }
        if !facts.isEmpty { text += " [\(facts.joined(separator: "; "))]" }
        return text
    }
}
