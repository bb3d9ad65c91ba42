/// A raylet joins, or comes back to a GCS that may have missed what happened: it says what it keeps for it.
public struct RegisterNode: WireMessage {
    public static let kind: UInt8 = 40
    public var info: [NodeInfo]
    /// Leases that the GCS holds or has asked for there.
    public var leases: [LeaseID]
    /// Jobs that have workers there.
    public var jobs: [JobID]
    /// The workers.
    public var processes: [UInt64]
    /// Bundles of placement groups that it keeps.
    public var bundles: [HeldBundle]
    /// Counts the registrations of this raylet: what an older one says is void.
    public var number: UInt64

    public init(
        info: [NodeInfo], leases: [LeaseID] = [], jobs: [JobID] = [], processes: [UInt64] = [], bundles: [HeldBundle] = [],
        number: UInt64 = 1
    ) {
        self.info = info
        self.leases = leases
        self.jobs = jobs
        self.processes = processes
        self.bundles = bundles
        self.number = number
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        info = try r.list(unit: 28) { (r) throws(DecodingFault) in try r.nodeInfo() }
        leases = try r.list(unit: 16) { (r) throws(DecodingFault) in try r.lease() }
        jobs = try r.list(unit: 4) { (r) throws(DecodingFault) in try r.job() }
        processes = try r.list(unit: 8) { (r) throws(DecodingFault) in try r.u64() }
        bundles = try r.list(unit: 25) { (r) throws(DecodingFault) in try r.heldBundle() }
        number = try r.u64()
    }

    public func write(to w: inout ByteWriter) {
        w.list(info) { $0.nodeInfo($1) }
        w.list(leases) { $0.lease($1) }
        w.list(jobs) { $0.job($1) }
        w.list(processes) { $0.u64($1) }
        w.list(bundles) { $0.heldBundle($1) }
        w.u64(number)
    }
}

/// What a node has free right now.
public struct ResourceReport: WireMessage {
    public static let kind: UInt8 = 41
    public var node: NodeID
    public var available: ResourceSet

    public init(node: NodeID, available: ResourceSet) {
        self.node = node
        self.available = available
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        node = try r.node()
        available = try r.resources()
    }

    public func write(to w: inout ByteWriter) {
        w.node(node)
        w.resources(available)
    }
}

/// All nodes, with what they had free when they last reported.
public struct NodeTable: WireMessage {
    public static let kind: UInt8 = 42
    public var nodes: [NodeInfo]

    public init(nodes: [NodeInfo]) {
        self.nodes = nodes
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        nodes = try r.list(unit: 28) { (r) throws(DecodingFault) in try r.nodeInfo() }
    }

    public func write(to w: inout ByteWriter) {
        w.list(nodes) { $0.nodeInfo($1) }
    }
}

/// Makes an actor, or finds the one of that name.
public struct RegisterActor: WireMessage {
    public static let kind: UInt8 = 43
    public var request: UInt64
    public var actor: ActorID
    public var spec: TaskSpec
    public var options: ActorSpecOptions
    public var resolved: [ResolvedDependency]

    public init(request: UInt64, actor: ActorID, spec: TaskSpec, options: ActorSpecOptions, resolved: [ResolvedDependency]) {
        self.request = request
        self.actor = actor
        self.spec = spec
        self.options = options
        self.resolved = resolved
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        request = try r.u64()
        actor = try r.actor()
        spec = try r.spec()
        options = try r.actorOptions()
        resolved = try r.list(unit: 29) { (r) throws(DecodingFault) in try r.resolved() }
    }

    public func write(to w: inout ByteWriter) {
        w.u64(request)
        w.actor(actor)
        w.spec(spec)
        w.actorOptions(options)
        w.list(resolved) { $0.resolved($1) }
    }
}

/// The actor that stands behind the request, or why there is none.
public struct ActorReply: WireMessage {
    public static let kind: UInt8 = 44
    public var request: UInt64
    public var actor: ActorID
    public var error: ErrorRecord?

    public init(request: UInt64, actor: ActorID, error: ErrorRecord?) {
        self.request = request
        self.actor = actor
        self.error = error
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        request = try r.u64()
        actor = try r.actor()
        error = try r.optional { (r) throws(DecodingFault) in try r.errorRecord() }
    }

    public func write(to w: inout ByteWriter) {
        w.u64(request)
        w.actor(actor)
        w.optional(error) { $0.errorRecord($1) }
    }
}

/// Asks for every change of an actor's state, the present one first.
public struct SubscribeActor: WireMessage {
    public static let kind: UInt8 = 45
    public var actor: ActorID

    public init(actor: ActorID) {
        self.actor = actor
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        actor = try r.actor()
    }

    public func write(to w: inout ByteWriter) {
        w.actor(actor)
    }
}

/// State of an actor. Incarnations count from 1; a newer one supersedes all of an older one.
public struct ActorUpdate: WireMessage {
    public static let kind: UInt8 = 46
    public var actor: ActorID
    public var state: ActorState
    public var incarnation: UInt32
    public var worker: Address
    public var error: ErrorRecord?
    /// The options that its callers need.
    public var maxTaskRetries: Int32
    public var maxPendingCalls: Int32
    /// The last one that was asked for: see ``RestartActor``.
    public var comeback: UInt32

    public init(
        actor: ActorID, state: ActorState, incarnation: UInt32, worker: Address, error: ErrorRecord?, maxTaskRetries: Int32 = 0,
        maxPendingCalls: Int32 = -1, comeback: UInt32 = 0
    ) {
        self.actor = actor
        self.state = state
        self.incarnation = incarnation
        self.worker = worker
        self.error = error
        self.maxTaskRetries = maxTaskRetries
        self.maxPendingCalls = maxPendingCalls
        self.comeback = comeback
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        actor = try r.actor()
        state = try r.actorState()
        incarnation = try r.u32()
        worker = try r.address()
        error = try r.optional { (r) throws(DecodingFault) in try r.errorRecord() }
        maxTaskRetries = Int32(bitPattern: try r.u32())
        maxPendingCalls = Int32(bitPattern: try r.u32())
        comeback = try r.u32()
    }

    public func write(to w: inout ByteWriter) {
        w.actor(actor)
        w.u8(state.rawValue)
        w.u32(incarnation)
        w.address(worker)
        w.optional(error) { $0.errorRecord($1) }
        w.u32(UInt32(bitPattern: maxTaskRetries))
        w.u32(UInt32(bitPattern: maxPendingCalls))
        w.u32(comeback)
    }
}

/// Finds an actor by name.
public struct LookupActor: WireMessage {
    public static let kind: UInt8 = 47
    public var request: UInt64
    public var name: String
    public var namespace: String

    public init(request: UInt64, name: String, namespace: String) {
        self.request = request
        self.name = name
        self.namespace = namespace
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        request = try r.u64()
        name = try r.string()
        namespace = try r.string()
    }

    public func write(to w: inout ByteWriter) {
        w.u64(request)
        w.string(name)
        w.string(namespace)
    }
}

/// The actor of that name and its type, or nil.
public struct LookupReply: WireMessage {
    public static let kind: UInt8 = 48
    public var request: UInt64
    public var actor: ActorID?
    public var typeName: String

    public init(request: UInt64, actor: ActorID?, typeName: String) {
        self.request = request
        self.actor = actor
        self.typeName = typeName
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        request = try r.u64()
        actor = try r.optional { (r) throws(DecodingFault) in try r.actor() }
        typeName = try r.string()
    }

    public func write(to w: inout ByteWriter) {
        w.u64(request)
        w.optional(actor) { $0.actor($1) }
        w.string(typeName)
    }
}

/// Ends an actor's process; with `noRestart` for good.
public struct KillActor: WireMessage {
    public static let kind: UInt8 = 49
    public var actor: ActorID
    public var noRestart: Bool

    public init(actor: ActorID, noRestart: Bool) {
        self.actor = actor
        self.noRestart = noRestart
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        actor = try r.actor()
        noRestart = try r.bool()
    }

    public func write(to w: inout ByteWriter) {
        w.actor(actor)
        w.bool(noRestart)
    }
}

/// A driver is done: its workers, leases and actors go.
public struct JobEnded: WireMessage {
    public static let kind: UInt8 = 50
    public var job: JobID

    public init(job: JobID) {
        self.job = job
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        job = try r.job()
    }

    public func write(to w: inout ByteWriter) {
        w.job(job)
    }
}
