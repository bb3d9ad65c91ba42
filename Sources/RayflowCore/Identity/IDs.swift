/// Identities of *executions*, nested as in Ray: a job's in an actor's, that in a task's, that in an object's.
///
/// They are fixed-width integers, never arrays. What is matched with the log is the ``LineageID``, never one of these.

/// 4 bytes: one driver's run on a cluster.
public struct JobID: Hashable, Sendable, BitwiseCopyable {
    public var value: UInt32
    public init(_ value: UInt32) { self.value = value }
}

/// 16 bytes: 12 bytes unique in the job, then the job. All-zero unique bytes mean "no actor" inside a ``TaskID``.
public struct ActorID: Hashable, Sendable, BitwiseCopyable {
    public var unique: UInt64
    public var salt: UInt32
    public var job: JobID
    public init(unique: UInt64, salt: UInt32, job: JobID) {
        self.unique = unique
        self.salt = salt
        self.job = job
    }
    public func _rawHashValue(seed: Int) -> Int { mixed(unique ^ UInt64(salt), seed) }
    public static func none(in job: JobID) -> ActorID { ActorID(unique: 0, salt: 0, job: job) }
    public var isNone: Bool { unique == 0 && salt == 0 }
}

/// An order for directives: the same events give the same ones.
extension ActorID: Comparable {
    public static func < (a: ActorID, b: ActorID) -> Bool { (a.job.value, a.unique, a.salt) < (b.job.value, b.unique, b.salt) }
}

/// 24 bytes: 8 bytes unique for the submission, then the actor (or none).
public struct TaskID: Hashable, Sendable, BitwiseCopyable {
    public var unique: UInt64
    public var actor: ActorID
    public init(unique: UInt64, actor: ActorID) {
        self.unique = unique
        self.actor = actor
    }
    public var job: JobID { actor.job }

    /// The unique parts decide nearly always: hashing the rest would cost more than it tells apart.
    public func hash(into hasher: inout Hasher) { hasher.combine(unique ^ actor.unique) }

    // What `Dictionary` asks for. The unique parts are mixed when they are made, so SipHash would only cost time: it was a tenth of a task's.
    public func _rawHashValue(seed: Int) -> Int { mixed(unique ^ actor.unique, seed) }
}

/// 28 bytes: the task that made it and the index among what it made. Results count from 1, puts from 2^31.
public struct ObjectID: Hashable, Sendable, BitwiseCopyable {
    public var task: TaskID
    public var index: UInt32
    public init(task: TaskID, index: UInt32) {
        self.task = task
        self.index = index
    }
    public static let firstPut: UInt32 = 1 << 31
    public var isPut: Bool { index >= Self.firstPut }

    public func hash(into hasher: inout Hasher) { hasher.combine((task.unique ^ task.actor.unique) &+ UInt64(index)) }
    public func _rawHashValue(seed: Int) -> Int { mixed((task.unique ^ task.actor.unique) &+ UInt64(index), seed) }
}

/// An order for directives: the same events give the same ones.
extension ObjectID: Comparable {
    public static func < (a: ObjectID, b: ObjectID) -> Bool {
        (a.task.unique, a.task.actor.unique, a.index) < (b.task.unique, b.task.actor.unique, b.index)
    }
}

/// One multiplication, folded: spreads neighbours, which tests and puts have.
func mixed(_ value: UInt64, _ seed: Int) -> Int {
    let product = (value ^ UInt64(bitPattern: Int64(seed))).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
    return Int(truncatingIfNeeded: product.high ^ product.low)
}

/// A node (raylet incarnation) of the cluster: random, never reused.
public struct NodeID: Hashable, Sendable, BitwiseCopyable, Comparable {
    public var value: UInt64
    public init(_ value: UInt64) { self.value = value }
    public static func < (a: NodeID, b: NodeID) -> Bool { a.value < b.value }
}

/// One lease of a worker, chosen by the requester, so that a repeated request is recognised.
public struct LeaseID: Hashable, Sendable, BitwiseCopyable {
    public var owner: UInt64
    public var number: UInt64
    public init(owner: UInt64, number: UInt64) {
        self.owner = owner
        self.number = number
    }
    public func _rawHashValue(seed: Int) -> Int { mixed(owner ^ number, seed) }
}

/// 128 bits: *what* a submission is, in any execution of the same run. The only identity that is matched with the log.
public struct LineageID: Hashable, Sendable, BitwiseCopyable {
    public var high: UInt64
    public var low: UInt64
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
    /// Runs that are not durable compute no lineage.
    public static let none = LineageID(high: 0, low: 0)
    public var isNone: Bool { high == 0 && low == 0 }
}

/// Run epoch (+1 at every resume) and attempt: carried by lease, push, reply, location, release and journal messages.
/// A receiver that knows a newer pair answers stale and changes nothing.
public struct Attempt: Hashable, Sendable, BitwiseCopyable, Comparable {
    public var epoch: UInt32
    public var number: UInt32
    public init(epoch: UInt32, number: UInt32) {
        self.epoch = epoch
        self.number = number
    }
    public static func < (a: Attempt, b: Attempt) -> Bool { (a.epoch, a.number) < (b.epoch, b.number) }
}
