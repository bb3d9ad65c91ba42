package import RayflowCore

extension NodeInfo: TableRow {
    package static var table: GCSTable { .node }
    package static var channel: GCSChannel? { .node }
    package var key: [UInt8] { RowKey.node(node) }
    package var fields: JSONObject {
        [
            "node": .string("\(node)"), "state": .string(isAlive ? "alive" : "dead"), "total": .string("\(total)"),
            "available": .string("\(available)"),
        ]
    }
    package init(from reader: inout ByteReader) throws(DecodingFault) { self = try reader.nodeInfo() }
    package func write(to writer: inout ByteWriter) { writer.nodeInfo(self) }
}

/// One job: a driver and all that was made for it.
package struct JobRow: TableRow {
    package static var table: GCSTable { .job }
    package static var channel: GCSChannel? { .job }
    package var job: JobID
    package var driver: Address?
    /// Nanoseconds of the GCS's clock.
    package var started: UInt64
    package var ended: UInt64?

    package var key: [UInt8] { RowKey.job(job) }
    package var fields: JSONObject {
        [
            "job": .string("\(job)"), "state": .string(ended == nil ? "running" : "ended"),
            "driver": driver.map { .string("\($0)") } ?? .null,
        ]
    }

    init(_ job: JobManager.Job) { (self.job, driver, started, ended) = (job.job, job.driver, job.started, job.ended) }

    package init(from r: inout ByteReader) throws(DecodingFault) {
        job = try r.job()
        driver = try r.optional { (r) throws(DecodingFault) in try r.address() }
        started = try r.u64()
        ended = try r.optional { (r) throws(DecodingFault) in try r.u64() }
    }
    package func write(to w: inout ByteWriter) {
        w.job(job)
        w.optional(driver) { $0.address($1) }
        w.u64(started)
        w.optional(ended) { $0.u64($1) }
    }
}

/// The worker of an actor that was lost, with the reason.
package struct WorkerRow: TableRow {
    package static var table: GCSTable { .worker }
    package static var channel: GCSChannel? { .worker }
    package var worker: Address
    package var error: ErrorRecord
    /// Nanoseconds of the GCS's clock.
    package var at: UInt64

    package init(worker: Address, error: ErrorRecord, at: UInt64) { (self.worker, self.error, self.at) = (worker, error, at) }

    package var key: [UInt8] { RowKey.address(worker) }
    package var fields: JSONObject {
        [
            "worker": .string("\(worker)"), "state": "dead", "node": .string("\(worker.nodeID)"),
            "error": .string(error.message),
        ]
    }
    package init(from r: inout ByteReader) throws(DecodingFault) {
        worker = try r.address()
        error = try r.errorRecord()
        at = try r.u64()
    }
    package func write(to w: inout ByteWriter) {
        w.address(worker)
        w.errorRecord(error)
        w.u64(at)
    }
}

/// One actor as others see it.
package struct ActorRow: TableRow {
    package static var table: GCSTable { .actor }
    package static var channel: GCSChannel? { .actor }
    package var actor: ActorID
    package var name: String
    package var namespace: String
    package var typeName: String
    package var state: ActorState
    package var incarnation: UInt32
    /// Of the living process.
    package var worker: Address?
    /// Why it is dead, or why the last incarnation ended.
    package var error: ErrorRecord?

    init(_ entry: ActorEntry) {
        let update = entry.update(for: entry.id)
        actor = entry.id
        name = entry.options.name
        namespace = entry.options.namespace
        typeName = entry.options.typeName
        state = update.state
        incarnation = entry.incarnation
        worker = update.state == .alive ? update.worker : nil
        error = update.error
    }

    package var key: [UInt8] { RowKey.actor(actor) }
    package var fields: JSONObject {
        [
            "actor": .string("\(actor)"), "state": .string("\(state)"), "name": .string(name), "namespace": .string(namespace),
            "type": .string(typeName), "job": .string("\(actor.job)"), "incarnation": .int(Int(incarnation)),
            "node": worker.map { .string("\($0.nodeID)") } ?? .null, "worker": worker.map { .string("\($0)") } ?? .null,
            "error": error.map { .string($0.message) } ?? .null,
            "reason": error?.reason.map { .string($0.rawValue) } ?? .null,
        ]
    }

    package init(from r: inout ByteReader) throws(DecodingFault) {
        actor = try r.actor()
        name = try r.string()
        namespace = try r.string()
        typeName = try r.string()
        state = try r.actorState()
        incarnation = try r.u32()
        worker = try r.optional { (r) throws(DecodingFault) in try r.address() }
        error = try r.optional { (r) throws(DecodingFault) in try r.errorRecord() }
    }
    package func write(to w: inout ByteWriter) {
        w.actor(actor)
        w.string(name)
        w.string(namespace)
        w.string(typeName)
        w.u8(state.rawValue)
        w.u32(incarnation)
        w.optional(worker) { $0.address($1) }
        w.optional(error) { $0.errorRecord($1) }
    }
}

/// Code: a function by its registered name. Two programs may have it in different versions; the newest registration stands.
package struct FunctionRow: TableRow {
    package static var table: GCSTable { .function }
    package var name: String
    package var version: UInt32
    /// Of its types and labels.
    package var signature: Digest128
    /// Of the program's whole table, which is part of a worker's handshake.
    package var program: Digest128

    package init(name: String, version: UInt32, signature: Digest128, program: Digest128) {
        (self.name, self.version, self.signature, self.program) = (name, version, signature, program)
    }

    package var key: [UInt8] { Array(name.utf8) }
    package var fields: JSONObject {
        ["function": .string(name), "version": .int(Int(version)), "signature": .string("\(signature)"), "program": .string("\(program)")]
    }
    package init(from r: inout ByteReader) throws(DecodingFault) {
        name = try r.string()
        version = try r.u32()
        signature = Digest128(high: try r.u64(), low: try r.u64())
        program = Digest128(high: try r.u64(), low: try r.u64())
    }
    package func write(to w: inout ByteWriter) {
        w.string(name)
        w.u32(version)
        for half in [signature.high, signature.low, program.high, program.low] { w.u64(half) }
    }
}

/// One attempt of a task and when it entered each state.
package struct TaskRow: TableRow {
    package static var table: GCSTable { .task }
    package var task: TaskID
    package var attempt: Attempt
    package var name: String
    /// The last one last.
    package var states: [State]
    package var message: String

    package struct State: Hashable, Sendable {
        package var state: TaskEvent.State
        /// Since 1970.
        package var wallNS: UInt64
    }

    init(_ event: TaskEvent) {
        (task, attempt, name, message) = (event.task, event.attempt, event.name, event.message)
        states = [State(state: event.state, wallNS: event.wallNS)]
    }

    package var key: [UInt8] { RowKey.task(task, attempt) }
    package var fields: JSONObject {
        let times = states.map { JSON.array([.string("\($0.state)"), .int(Int(clamping: $0.wallNS / 1_000_000))]) }
        return [
            "task": .string("\(task)"), "attempt": .int(Int(attempt.number)), "name": .string(name),
            "state": .string(states.last.map { "\($0.state)" } ?? ""), "job": .string("\(task.actor.job)"),
            "since": .int(Int(clamping: (states.last?.wallNS ?? 0) / 1_000_000)), "error": .string(message), "times": .array(times),
        ]
    }
    package init(from r: inout ByteReader) throws(DecodingFault) {
        task = try r.task()
        attempt = try r.attempt()
        name = try r.string()
        message = try r.string()
        states = try r.list(unit: 9) { (r) throws(DecodingFault) in
            guard let state = TaskEvent.State(rawValue: try r.u8()) else { throw DecodingFault("an unknown state", at: r.offset - 1) }
            return State(state: state, wallNS: try r.u64())
        }
    }
    package func write(to w: inout ByteWriter) {
        w.task(task)
        w.attempt(attempt)
        w.string(name)
        w.string(message)
        w.list(states) {
            $0.u8($1.state.rawValue)
            $0.u64($1.wallNS)
        }
    }
}

/// One key of the key-value store, without its value.
package struct KeyRow: TableRow {
    package static var table: GCSTable { .keyValue }
    package var namespace: String
    package var name: String
    package var byteCount: Int

    package var key: [UInt8] { RowKey.name(namespace, name) }
    package var fields: JSONObject { ["key": .string(name), "namespace": .string(namespace), "bytes": .int(byteCount)] }

    init(_ name: KeyValueManager.Name, byteCount: Int) { (namespace, self.name, self.byteCount) = (name.namespace, name.key, byteCount) }

    package init(from r: inout ByteReader) throws(DecodingFault) {
        (namespace, name, byteCount) = (try r.string(), try r.string(), Int(clamping: try r.u64()))
    }
    package func write(to w: inout ByteWriter) {
        w.string(namespace)
        w.string(name)
        w.u64(UInt64(byteCount))
    }
}
