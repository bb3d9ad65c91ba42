package import RayflowCore

/// Why an attempt, or a step before its first attempt, has failed.
package struct StepFailure: Error, Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// The process ended with another status than 0, its outputs were not as declared, or the function threw.
        case failure
        case timeout
        case oom
        /// The machine or the runner under it went away.
        case lostNode = "lost-node"
        /// An expression, or what it gave, made it impossible to start.
        case evaluation
        case cancelled
        /// The attempt was running when everything died, and nobody knows how it ended.
        case inDoubt = "in-doubt"
    }

    package var kind: Kind
    /// What happened and, where there is advice, what to do next; no full stop.
    package var message: String
    package var exitCode: Int?
    package var signal: Int?
    /// Where the output of the attempt is kept: its folder.
    package var log: String?
    /// Whoever ran it is gone, so that nothing tells how far it came.
    package var isLoss = false

    package init(_ kind: Kind, _ message: String, exitCode: Int? = nil, signal: Int? = nil, log: String? = nil) {
        self.kind = kind
        self.message = message
        self.exitCode = exitCode
        self.signal = signal
        self.log = log
    }

    /// An error of the engine.
    package init(_ error: ErrorRecord) {
        let kind: Kind =
            switch error.code {
            case .taskTimeout: .timeout
            case .outOfMemory: .oom
            case .cancelled: .cancelled
            case .objectLost, .ownerDied, .shutDown: .lostNode
            default: .failure
            }
        self.init(kind, Self.text(error), log: error.log)
        isLoss = Self.isLoss(error)
    }

    /// Whether the error says that whoever ran the process is gone, so that it does not say how the process ended.
    package static func isLoss(_ error: ErrorRecord) -> Bool {
        switch error.code {
        case .workerCrashed, .actorDied, .actorUnavailable, .objectLost, .ownerDied, .shutDown: true
        default: false
        }
    }

    private static func text(_ error: ErrorRecord) -> String {
        if error.message.isEmpty { return error.code.rawValue }
        guard let type = error.remoteType, !error.message.hasPrefix(type) else { return error.message }
        return "\(type): \(error.message)"
    }

    /// Whether `retry` may apply: an expression that cannot be evaluated gives the same the next time.
    var isRetryable: Bool {
        switch kind {
        case .failure, .timeout, .oom, .lostNode: true
        case .evaluation, .cancelled, .inDoubt: false
        }
    }

    var status: StepStatus {
        switch kind {
        case .timeout: .timedOut
        case .cancelled: .cancelled
        default: .failed
        }
    }

    package var json: JSON {
        var object: JSONObject = ["kind": .string(kind.rawValue), "message": .string(message)]
        if let exitCode { object["exit-code"] = .int(exitCode) }
        if let signal { object["signal"] = .int(signal) }
        if let log { object["log"] = .string(log) }
        if isLoss { object["loss"] = true }
        return .object(object)
    }

    init?(json: JSON) {
        guard let kind = json["kind"]?.stringValue.flatMap(Kind.init(rawValue:)), let message = json["message"]?.stringValue else {
            return nil
        }
        self.init(
            kind, message, exitCode: json["exit-code"]?.intValue, signal: json["signal"]?.intValue, log: json["log"]?.stringValue)
        isLoss = json["loss"]?.boolValue ?? false
    }
}
