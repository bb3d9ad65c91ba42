/// A table of the GCS. What only status output needs (tasks) is kept in memory; the others are stored.
public enum GCSTable: UInt8, CaseIterable, Hashable, Sendable {
    case node = 0, job = 1, worker = 2, actor = 3, placementGroup = 4, function = 5, keyValue = 6, task = 7
    /// What the creation of an actor needs again; written once.
    case actorSpec = 8
    /// The GCS's own: its epoch.
    case meta = 9
}

/// What can be followed. Each channel has a sequence of its own.
public enum GCSChannel: UInt8, CaseIterable, Hashable, Sendable {
    case actor = 0, job = 1, node = 2, worker = 3, placementGroup = 4, error = 5, log = 6
    /// What nodes have free.
    case resource = 7
}

/// A place in a channel. The next message is the one after `sequence`, in the same epoch; anything else is a gap.
public struct ChannelPosition: Hashable, Sendable, BitwiseCopyable {
    /// Counts the starts of the cluster's GCS from 1.
    public var epoch: UInt32
    public var sequence: UInt64
    public init(epoch: UInt32, sequence: UInt64) {
        self.epoch = epoch
        self.sequence = sequence
    }
    /// Of a subscriber that knows nothing yet.
    public static let start = ChannelPosition(epoch: 0, sequence: 0)
}

/// One row as it travels and is stored; no bytes: it is gone.
public struct KeyedRow: Hashable, Sendable {
    public var key: [UInt8]
    public var row: [UInt8]?
    public init(key: [UInt8], row: [UInt8]?) {
        self.key = key
        self.row = row
    }
}

/// Rows of which the named field has this text.
public struct RowFilter: Hashable, Sendable {
    public var field: String
    public var value: String
    public init(field: String, value: String) {
        self.field = field
        self.value = value
    }

    /// A row without the field does not match.
    public func matches(_ row: JSONObject) -> Bool { row[field].map { Self.text($0) == value } ?? false }

    /// What a value is compared as.
    public static func text(_ value: JSON) -> String { if case .string(let text) = value { text } else { value.compact } }
}

/// What a client asks of the GCS. Asking again changes nothing more, so an unanswered request is simply sent again.
public enum GCSOperation: Hashable, Sendable {
    /// `done` tells whether the value was stored: without `overwrite` only where there is none.
    case putKey(namespace: String, key: String, value: [UInt8], overwrite: Bool)
    case getKey(namespace: String, key: String)
    /// `count` tells how many there were: one at most, unless it is a prefix.
    case deleteKey(namespace: String, key: String, isPrefix: Bool)
    case hasKey(namespace: String, key: String)
    case listKeys(namespace: String, prefix: String, limit: UInt32)
    case row(GCSTable, key: [UInt8])
    case rows(GCSTable, filters: [RowFilter], limit: UInt32)
    case addFunctions([KeyedRow])
    /// Only to the channels that no table stands behind: errors and logs.
    case publish(GCSChannel, [KeyedRow])
}

public enum GCSResult: Hashable, Sendable {
    case done(Bool)
    case count(UInt64)
    case value([UInt8]?)
    /// `total`: how many there are, of which these are the first.
    case keys([String], total: UInt64)
    case rows([KeyedRow], total: UInt64)
    case failed(ErrorRecord)
}

/// An attempt of a task has entered a state.
public struct TaskEvent: Hashable, Sendable {
    public enum State: UInt8, Hashable, Sendable, CaseIterable {
        case queued = 0, running = 1, retrying = 2, finished = 3, reused = 4, failed = 5, cancelled = 6
    }
    public var task: TaskID
    public var attempt: Attempt
    public var state: State
    /// Since 1970, by the clock of the task's owner.
    public var wallNS: UInt64
    public var name: String
    /// Why it failed or is tried again.
    public var message: String
    public init(task: TaskID, attempt: Attempt, state: State, wallNS: UInt64, name: String, message: String) {
        self.task = task
        self.attempt = attempt
        self.state = state
        self.wallNS = wallNS
        self.name = name
        self.message = message
    }
}
