/// Parts that several messages share.

/// What a lease is for. Actors keep their worker; steps go to the node's step runner.
public enum LeaseKind: UInt8, Sendable { case task = 0, actor = 1, step = 2 }

public enum ActorState: UInt8, Sendable { case pending = 0, alive = 1, restarting = 2, dead = 3 }

/// Why an object is to come to a node; the later ones are more urgent.
public enum PullKind: UInt8, Sendable, Comparable, CaseIterable {
    /// A task that has not begun needs it.
    case argument = 0
    /// Somebody waits for it to be here.
    case wait = 1
    /// Somebody reads it now.
    case get = 2

    public static func < (a: PullKind, b: PullKind) -> Bool { a.rawValue < b.rawValue }
}

/// Why a raylet does not send an object (any more).
public enum PullRefusal: UInt8, Sendable {
    /// It has no copy (any more).
    case absent = 0
    /// It sends as many copies as it may at a time.
    case busy = 1
    /// Its copy lies in a colder tier, and there is no room to bring it back yet.
    case noRoom = 2
    /// It is to get a copy itself, and has no source for it now.
    case stalled = 3
}

/// A large object that a task needs on the node where it runs.
public struct Dependency: Hashable, Sendable {
    public var id: ObjectID
    public var owner: Address
    public var nodes: [NodeID]
    public var size: UInt64
    public init(id: ObjectID, owner: Address, nodes: [NodeID], size: UInt64) {
        self.id = id
        self.owner = owner
        self.nodes = nodes
        self.size = size
    }
}

/// What a ref among the arguments turned out to be.
public struct ResolvedDependency: Sendable {
    public var id: ObjectID
    public var owner: Address
    public var state: ObjectState
    public init(id: ObjectID, owner: Address, state: ObjectState) {
        self.id = id
        self.owner = owner
        self.state = state
    }
}

/// A place in the arena of one node, valid for one generation of its index slot.
public struct ObjectPlace: Hashable, Sendable, BitwiseCopyable {
    public var slot: UInt32
    public var generation: UInt64
    public var offset: UInt64
    public var size: UInt64
    public init(slot: UInt32, generation: UInt64, offset: UInt64, size: UInt64) {
        self.slot = slot
        self.generation = generation
        self.offset = offset
        self.size = size
    }
}

/// How an attempt ended.
public enum TaskOutcome: Sendable {
    case finished([ObjectState])
    /// The body threw. `isApplicationError`: retried only when the submission asks for it.
    indirect case failed(ErrorRecord, isApplicationError: Bool)
    case cancelled
    /// The receiver knows a newer attempt and changed nothing.
    case stale
}

public struct NodeInfo: Hashable, Sendable {
    public var node: NodeID
    public var raylet: Address
    public var total: ResourceSet
    public var available: ResourceSet
    public var isAlive: Bool
    public var labels: [String: String]
    public init(
        node: NodeID, raylet: Address, total: ResourceSet, available: ResourceSet, isAlive: Bool = true, labels: [String: String] = [:]
    ) {
        self.node = node
        self.raylet = raylet
        self.total = total
        self.available = available
        self.isAlive = isAlive
        self.labels = labels
    }
}

/// One finished call of an actor, in the order executed: what recovery runs again.
public struct LoggedCall: Sendable {
    public var lineage: LineageID
    public var method: FunctionReference
    /// The resolved arguments, each encoded as a payload.
    public var arguments: [Payload]
    public var outcome: TaskOutcome
    public init(lineage: LineageID, method: FunctionReference, arguments: [Payload], outcome: TaskOutcome) {
        self.lineage = lineage
        self.method = method
        self.arguments = arguments
        self.outcome = outcome
    }
}

/// A finished child of a task that runs again in a resumed run.
public struct HistoryEntry: Sendable {
    public var lineage: LineageID
    public var states: [ObjectState]
    public init(lineage: LineageID, states: [ObjectState]) {
        self.lineage = lineage
        self.states = states
    }
}

extension ByteWriter {
    public mutating func dependency(_ value: Dependency) {
        object(value.id)
        address(value.owner)
        list(value.nodes) { $0.node($1) }
        u64(value.size)
    }
    public mutating func resolved(_ value: ResolvedDependency) {
        object(value.id)
        address(value.owner)
        state(value.state)
    }
    public mutating func place(_ value: ObjectPlace) {
        u32(value.slot)
        u64(value.generation)
        u64(value.offset)
        u64(value.size)
    }
    public mutating func range(_ value: Range<UInt32>) {
        u32(value.lowerBound)
        u32(value.upperBound)
    }
    public mutating func outcome(_ value: TaskOutcome) {
        switch value {
        case .finished(let states):
            u8(0)
            list(states) { $0.state($1) }
        case .failed(let record, let isApplicationError):
            u8(1)
            errorRecord(record)
            bool(isApplicationError)
        case .cancelled: u8(2)
        case .stale: u8(3)
        }
    }
    public mutating func nodeInfo(_ value: NodeInfo) {
        node(value.node)
        address(value.raylet)
        resources(value.total)
        resources(value.available)
        bool(value.isAlive)
        labels(value.labels)
    }
    public mutating func loggedCall(_ value: LoggedCall) {
        lineage(value.lineage)
        function(value.method)
        list(value.arguments) { $0.payload($1) }
        outcome(value.outcome)
    }
    public mutating func history(_ value: HistoryEntry) {
        lineage(value.lineage)
        list(value.states) { $0.state($1) }
    }
}

extension ByteReader {
    public mutating func dependency() throws(DecodingFault) -> Dependency {
        Dependency(
            id: try object(), owner: try address(), nodes: try list(unit: 8) { (reader) throws(DecodingFault) in try reader.node() },
            size: try u64())
    }
    public mutating func resolved() throws(DecodingFault) -> ResolvedDependency {
        ResolvedDependency(id: try object(), owner: try address(), state: try state())
    }
    public mutating func place() throws(DecodingFault) -> ObjectPlace {
        ObjectPlace(slot: try u32(), generation: try u64(), offset: try u64(), size: try u64())
    }
    public mutating func range() throws(DecodingFault) -> Range<UInt32> {
        let first = try u32(), end = try u32()
        guard first <= end else { throw DecodingFault("a range that ends before it begins", at: offset - 4) }
        return first..<end
    }
    public mutating func pullKind() throws(DecodingFault) -> PullKind {
        guard let kind = PullKind(rawValue: try u8()) else { throw DecodingFault("unknown kind of pull", at: offset - 1) }
        return kind
    }
    public mutating func pullRefusal() throws(DecodingFault) -> PullRefusal {
        guard let refusal = PullRefusal(rawValue: try u8()) else { throw DecodingFault("unknown refusal of a pull", at: offset - 1) }
        return refusal
    }
    public mutating func leaseKind() throws(DecodingFault) -> LeaseKind {
        guard let kind = LeaseKind(rawValue: try u8()) else { throw DecodingFault("unknown kind of lease", at: offset - 1) }
        return kind
    }
    public mutating func actorState() throws(DecodingFault) -> ActorState {
        guard let state = ActorState(rawValue: try u8()) else { throw DecodingFault("unknown state of an actor", at: offset - 1) }
        return state
    }
    public mutating func outcome() throws(DecodingFault) -> TaskOutcome {
        switch try u8() {
        case 0: return .finished(try list { (reader) throws(DecodingFault) in try reader.state() })
        case 1: return .failed(try errorRecord(), isApplicationError: try bool())
        case 2: return .cancelled
        case 3: return .stale
        default: throw DecodingFault("unknown outcome of a task", at: offset - 1)
        }
    }
    public mutating func nodeInfo() throws(DecodingFault) -> NodeInfo {
        NodeInfo(
            node: try node(), raylet: try address(), total: try resources(), available: try resources(), isAlive: try bool(),
            labels: try labels())
    }
    public mutating func loggedCall() throws(DecodingFault) -> LoggedCall {
        LoggedCall(
            lineage: try lineage(), method: try function(),
            arguments: try list(unit: 8) { (reader) throws(DecodingFault) in try reader.payload() }, outcome: try outcome())
    }
    public mutating func history() throws(DecodingFault) -> HistoryEntry {
        HistoryEntry(lineage: try lineage(), states: try list { (reader) throws(DecodingFault) in try reader.state() })
    }
}
