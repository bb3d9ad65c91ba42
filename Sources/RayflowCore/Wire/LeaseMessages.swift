/// Asks for a worker. Idempotent by `lease`: a repeated request gets the same answer.
public struct RequestLease: WireMessage {
    public static let kind: UInt8 = 10
    public var lease: LeaseID
    public var attempt: Attempt
    public var job: JobID
    public var kind: LeaseKind
    public var resources: ResourceSet
    public var priority: Int32
    public var dependencies: [Dependency]
    public var hops: UInt8
    public var backlog: UInt32
    /// A bundle is named by its index here: who asks has chosen it.
    public var strategy: SchedulingStrategy
    /// Of the worker. One that has an environment serves no other.
    public var environment: RuntimeEnvironment

    public init(
        lease: LeaseID, attempt: Attempt, job: JobID, kind: LeaseKind, resources: ResourceSet, priority: Int32, dependencies: [Dependency],
        hops: UInt8, backlog: UInt32, strategy: SchedulingStrategy = .hybrid, environment: RuntimeEnvironment = .none
    ) {
        self.lease = lease
        self.attempt = attempt
        self.job = job
        self.kind = kind
        self.resources = resources
        self.priority = priority
        self.dependencies = dependencies
        self.hops = hops
        self.backlog = backlog
        self.strategy = strategy
        self.environment = environment
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        lease = try r.lease()
        attempt = try r.attempt()
        job = try r.job()
        kind = try r.leaseKind()
        resources = try r.resources()
        priority = Int32(bitPattern: try r.u32())
        dependencies = try r.list(unit: 56) { (r) throws(DecodingFault) in try r.dependency() }
        hops = try r.u8()
        backlog = try r.u32()
        strategy = try r.strategy()
        environment = try r.environment()
    }

    public func write(to w: inout ByteWriter) {
        w.lease(lease)
        w.attempt(attempt)
        w.job(job)
        w.u8(kind.rawValue)
        w.resources(resources)
        w.u32(UInt32(bitPattern: priority))
        w.list(dependencies) { $0.dependency($1) }
        w.u8(hops)
        w.u32(backlog)
        w.strategy(strategy)
        w.environment(environment)
    }
}

/// The worker is the requester's until it is returned or lost.
public struct LeaseGranted: WireMessage {
    public static let kind: UInt8 = 11
    public var lease: LeaseID
    public var worker: Address
    public var node: NodeID

    public init(lease: LeaseID, worker: Address, node: NodeID) {
        self.lease = lease
        self.worker = worker
        self.node = node
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        lease = try r.lease()
        worker = try r.address()
        node = try r.node()
    }

    public func write(to w: inout ByteWriter) {
        w.lease(lease)
        w.address(worker)
        w.node(node)
    }
}

/// Ask that raylet instead.
public struct LeaseSpillback: WireMessage {
    public static let kind: UInt8 = 12
    public var lease: LeaseID
    public var raylet: Address

    public init(lease: LeaseID, raylet: Address) {
        self.lease = lease
        self.raylet = raylet
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        lease = try r.lease()
        raylet = try r.address()
    }

    public func write(to w: inout ByteWriter) {
        w.lease(lease)
        w.address(raylet)
    }
}

/// An object that was not found on these nodes: they have said so, or are gone.
public struct LostCopies: Hashable, Sendable {
    public var object: ObjectID
    public var nodes: [NodeID]
    public init(object: ObjectID, nodes: [NodeID]) {
        self.object = object
        self.nodes = nodes
    }
}

/// No lease, and why. With `lost` the request may be made again when those objects have other copies.
public struct LeaseRejected: WireMessage {
    public static let kind: UInt8 = 13
    public var lease: LeaseID
    public var error: ErrorRecord
    public var lost: [LostCopies]

    public init(lease: LeaseID, error: ErrorRecord, lost: [LostCopies] = []) {
        self.lease = lease
        self.error = error
        self.lost = lost
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        lease = try r.lease()
        error = try r.errorRecord()
        lost = try r.list(unit: 29) { (r) throws(DecodingFault) in
            LostCopies(object: try r.object(), nodes: try r.list(unit: 8) { (r) throws(DecodingFault) in try r.node() })
        }
    }

    public func write(to w: inout ByteWriter) {
        w.lease(lease)
        w.errorRecord(error)
        w.list(lost) { writer, lost in
            writer.object(lost.object)
            writer.list(lost.nodes) { $0.node($1) }
        }
    }
}

/// The requester is done with the worker.
public struct ReturnLease: WireMessage {
    public static let kind: UInt8 = 14
    public var lease: LeaseID
    public var workerFailed: Bool

    public init(lease: LeaseID, workerFailed: Bool) {
        self.lease = lease
        self.workerFailed = workerFailed
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        lease = try r.lease()
        workerFailed = try r.bool()
    }

    public func write(to w: inout ByteWriter) {
        w.lease(lease)
        w.bool(workerFailed)
    }
}

/// The requester no longer needs what it asked for.
public struct CancelLease: WireMessage {
    public static let kind: UInt8 = 15
    public var lease: LeaseID

    public init(lease: LeaseID) {
        self.lease = lease
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        lease = try r.lease()
    }

    public func write(to w: inout ByteWriter) {
        w.lease(lease)
    }
}

/// The leased worker died; the raylet has seen the process gone.
public struct LeaseLost: WireMessage {
    public static let kind: UInt8 = 16
    public var lease: LeaseID
    public var worker: Address
    public var error: ErrorRecord

    public init(lease: LeaseID, worker: Address, error: ErrorRecord) {
        self.lease = lease
        self.worker = worker
        self.error = error
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        lease = try r.lease()
        worker = try r.address()
        error = try r.errorRecord()
    }

    public func write(to w: inout ByteWriter) {
        w.lease(lease)
        w.address(worker)
        w.errorRecord(error)
    }
}
