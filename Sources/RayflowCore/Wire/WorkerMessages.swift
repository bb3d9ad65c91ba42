/// A worker process is up and may be leased.
public struct RegisterWorker: WireMessage {
    public static let kind: UInt8 = 1
    public var process: UInt64
    public var pid: UInt32

    public init(process: UInt64, pid: UInt32) {
        self.process = process
        self.pid = pid
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        process = try r.u64()
        pid = try r.u32()
    }

    public func write(to w: inout ByteWriter) {
        w.u64(process)
        w.u32(pid)
    }
}

/// The receiver finishes nothing more and exits.
public struct ShutdownWorker: WireMessage {
    public static let kind: UInt8 = 2
    public init() {}

    public init(from r: inout ByteReader) throws(DecodingFault) {}
    public func write(to w: inout ByteWriter) {}
}

/// To an idle worker that is not needed: may it be ended?
public struct IdleCheck: WireMessage {
    public static let kind: UInt8 = 17
    public init() {}

    public init(from r: inout ByteReader) throws(DecodingFault) {}
    public func write(to w: inout ByteWriter) {}
}

/// Whether nothing is lost with the process: it owns no object that is in use, no task that runs, no actor that lives.
public struct IdleReply: WireMessage {
    public static let kind: UInt8 = 18
    public var process: UInt64
    public var isUnused: Bool

    public init(process: UInt64, isUnused: Bool) {
        self.process = process
        self.isUnused = isUnused
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        process = try r.u64()
        isUnused = try r.bool()
    }

    public func write(to w: inout ByteWriter) {
        w.u64(process)
        w.bool(isUnused)
    }
}

/// One attempt of a task for a leased worker, with what its refs resolved to.
public struct PushTask: WireMessage {
    public static let kind: UInt8 = 3
    public var lease: LeaseID
    public var spec: TaskSpec
    public var resolved: [ResolvedDependency]
    public var history: [HistoryEntry]
    public var replay: [LoggedCall]

    public init(lease: LeaseID, spec: TaskSpec, resolved: [ResolvedDependency], history: [HistoryEntry], replay: [LoggedCall]) {
        self.lease = lease
        self.spec = spec
        self.resolved = resolved
        self.history = history
        self.replay = replay
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        lease = try r.lease()
        spec = try r.spec()
        resolved = try r.list(unit: 29) { (r) throws(DecodingFault) in try r.resolved() }
        history = try r.list(unit: 20) { (r) throws(DecodingFault) in try r.history() }
        replay = try r.list(unit: 40) { (r) throws(DecodingFault) in try r.loggedCall() }
    }

    public func write(to w: inout ByteWriter) {
        w.lease(lease)
        w.spec(spec)
        w.list(resolved) { $0.resolved($1) }
        w.list(history) { $0.history($1) }
        w.list(replay) { $0.loggedCall($1) }
    }
}

/// How an attempt ended. Objects in `moved` change their owner before the results become visible.
public struct TaskReply: WireMessage {
    public static let kind: UInt8 = 4
    public var lease: LeaseID
    public var task: TaskID
    public var attempt: Attempt
    public var outcome: TaskOutcome
    public var moved: [MovedObject]
    /// Above 0: the sender holds refs in the results, or owns what is moved, until the receiver says ``RefsSecured`` with this number.
    public var delivery: UInt64
    public var executionNS: UInt64

    public init(
        lease: LeaseID, task: TaskID, attempt: Attempt, outcome: TaskOutcome, moved: [MovedObject] = [], delivery: UInt64 = 0,
        executionNS: UInt64
    ) {
        self.lease = lease
        self.task = task
        self.attempt = attempt
        self.outcome = outcome
        self.moved = moved
        self.delivery = delivery
        self.executionNS = executionNS
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        lease = try r.lease()
        task = try r.task()
        attempt = try r.attempt()
        outcome = try r.outcome()
        moved = try r.list(unit: 45) { (r) throws(DecodingFault) in try r.moved() }
        delivery = try r.u64()
        executionNS = try r.u64()
    }

    public func write(to w: inout ByteWriter) {
        w.lease(lease)
        w.task(task)
        w.attempt(attempt)
        w.outcome(outcome)
        w.list(moved) { $0.moved($1) }
        w.u64(delivery)
        w.u64(executionNS)
    }
}

/// Pushed tasks that have not begun and will not begin here: the one ahead of them takes long, or waits.
public struct TasksReturned: WireMessage {
    public struct Item: Hashable, Sendable {
        public var task: TaskID
        public var attempt: Attempt
        public init(task: TaskID, attempt: Attempt) {
            self.task = task
            self.attempt = attempt
        }
    }

    public static let kind: UInt8 = 113
    public var lease: LeaseID
    /// In the order in which they were pushed.
    public var tasks: [Item]

    public init(lease: LeaseID, tasks: [Item]) {
        self.lease = lease
        self.tasks = tasks
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        lease = try r.lease()
        tasks = try r.list(unit: 32) { (r) throws(DecodingFault) in Item(task: try r.task(), attempt: try r.attempt()) }
    }

    public func write(to w: inout ByteWriter) {
        w.lease(lease)
        w.list(tasks) { writer, item in
            writer.task(item.task)
            writer.attempt(item.attempt)
        }
    }
}

/// Cancels the body of a pushed task; `force` ends the worker, `recursive` cancels what the body has submitted too.
public struct CancelTask: WireMessage {
    public static let kind: UInt8 = 5
    public var task: TaskID
    public var attempt: Attempt
    public var force: Bool
    public var recursive: Bool

    public init(task: TaskID, attempt: Attempt, force: Bool, recursive: Bool = true) {
        self.task = task
        self.attempt = attempt
        self.force = force
        self.recursive = recursive
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        task = try r.task()
        attempt = try r.attempt()
        force = try r.bool()
        recursive = try r.bool()
    }

    public func write(to w: inout ByteWriter) {
        w.task(task)
        w.attempt(attempt)
        w.bool(force)
        w.bool(recursive)
    }
}

/// The running task of a worker waits in get or wait (true), or goes on (false).
public struct Blocked: WireMessage {
    public static let kind: UInt8 = 6
    public var process: UInt64
    public var isBlocked: Bool

    public init(process: UInt64, isBlocked: Bool) {
        self.process = process
        self.isBlocked = isBlocked
    }

    public init(from r: inout ByteReader) throws(DecodingFault) {
        process = try r.u64()
        isBlocked = try r.bool()
    }

    public func write(to w: inout ByteWriter) {
        w.u64(process)
        w.bool(isBlocked)
    }
}
