import Rayflow
import RayflowCore
import Synchronization

/// An engine without scheduling and transport: every body runs in a `Task` of this process, every argument and result goes through bytes, and
/// objects of `mappedFrom` bytes or more lie in memory that is read in place. It counts refs and records what it was asked.
final class InProcessEngine: Engine {
    struct State: Sendable {
        var objects: [ObjectID: Fetched] = [:]
        var waiters: [ObjectID: [UInt64: AsyncStream<Void>.Continuation]] = [:]
        var counts: [ObjectID: Int] = [:]
        var tasks: [ObjectID: Task<Void, Never>] = [:]
        var actors: [ActorID: AsyncStream<@Sendable () async -> Void>.Continuation] = [:]
        var hosts: [ActorID: any ActorHost] = [:]
        var names: [String: NamedActor] = [:]
        var steps: [String: Payload] = [:]
        var pendingSteps: [UInt64: String] = [:]
        var submissions: [Submission] = []
        var creations: [ActorSubmission] = []
        var calls: [ActorCall] = []
        var cluster: WeakCluster?
        var number: UInt64 = 1
    }
    struct WeakCluster: Sendable { weak let cluster: Cluster? }

    let registry: Registry
    let mappedFrom: Int
    let capacity: Int
    let state = Mutex(State())
    let node = NodeID(7)
    let job = JobID(1)

    private init(_ registry: Registry, mappedFrom: Int, capacity: Int) {
        self.registry = registry
        self.mappedFrom = mappedFrom
        self.capacity = capacity
    }

    static func start(
        _ registry: Registry, mappedFrom: Int = 1024, capacity: Int = .max
    ) throws -> (cluster: Cluster, engine: InProcessEngine) {
        try registry.check()
        let engine = InProcessEngine(registry, mappedFrom: mappedFrom, capacity: capacity)
        let cluster = Cluster(engine: engine, registry: registry)
        engine.state.withLock { $0.cluster = WeakCluster(cluster: cluster) }
        return (cluster, engine)
    }

    private var cluster: Cluster? { state.withLock { $0.cluster?.cluster } }
    func next() -> UInt64 {
        state.withLock { state in
            state.number += 1
            return state.number
        }
    }
    var lastSubmission: Submission? { state.withLock { $0.submissions.last } }
    var creations: [ActorSubmission] { state.withLock { $0.creations } }
    var lastCall: ActorCall? { state.withLock { $0.calls.last } }
    /// As if every copy had been lost.
    func forget(_ id: ObjectID) { state.withLock { $0.objects[id] = nil } }
    func count(of id: ObjectID) -> Int { state.withLock { $0.counts[id] ?? 0 } }

    private func results(_ count: Int) -> [ObjectID] {
        let task = TaskID(unique: next(), actor: .none(in: job))
        let ids = (0..<count).map { ObjectID(task: task, index: UInt32($0 + 1)) }
        state.withLock { state in for id in ids { state.counts[id, default: 0] += 1 } }
        return ids
    }

    // MARK: Tasks

    func submit(_ submission: Submission) -> [ObjectID] {
        let ids = results(submission.resultCount)
        state.withLock { $0.submissions.append(submission) }
        guard let cluster else { return ids }
        let task = Task {
            await run(submission.function.name, ids, cluster) {
                let arguments = try await self.resolve(try submission.arguments.get())
                guard let entry = self.registry.function(at: submission.function.index) else { throw RayflowError(.notRegistered, "index") }
                return try await entry.invoke(Call(arguments: arguments, cluster: cluster))
            }
        }
        state.withLock { $0.tasks[ids[0]] = task }
        return ids
    }

    private func run(
        _ name: String, _ ids: [ObjectID], _ cluster: Cluster, host: (any ActorHost)? = nil,
        _ body: @Sendable () async throws -> ResultPayload
    ) async {
        let context = TaskContext(name: name, task: ids[0].task, node: node, resources: .cpus(1), cluster: cluster, host: host)
        do {
            switch try await TaskContext.$current.withValue(context, operation: body) {
            case .values(let values): for (id, value) in zip(ids, values) { finish(id, try store(value)) }
            case .forward(let other, let hold):
                let value = try await fetch(other, timeout: nil)
                withExtendedLifetime(hold) {}
                finish(ids[0], value)
            }
        } catch let record as ErrorRecord {
            for id in ids { finish(id, .failed(record)) }
        } catch {
            let record = ErrorRecord(thrown: error, registry: registry, task: name, attempt: 1, node: node.description)
            for id in ids { finish(id, .failed(record)) }
        }
    }

    func resolve(_ arguments: [Argument]) async throws -> [ResolvedArgument] {
        var resolved: [ResolvedArgument] = []
        for argument in arguments {
            switch argument {
            case .value(let payload): resolved.append(.payload(payload))
            case .ref(let id):
                switch try await fetch(id, timeout: nil) {
                case .payload(let payload): resolved.append(.payload(payload))
                case .mapped(let object): resolved.append(.mapped(object))
                case .failed(let record): throw record
                }
            case .gather(let parts): resolved.append(.gather(try await resolve(parts)))
            }
        }
        return resolved
    }

    // MARK: Objects

    private func store(_ payload: Payload) throws(RayflowError) -> Fetched {
        guard payload.bytes.count >= mappedFrom else { return .payload(payload) }
        let block = Block(byteCount: ObjectLayout(payload).byteCount)
        ObjectLayout.write(payload, into: block.memory)
        do { return .mapped(try MappedObject(object: UnsafeRawBufferPointer(block.memory), owner: block)) } catch {
            throw RayflowError(.corrupt, "\(error)")
        }
    }

    func finish(_ id: ObjectID, _ value: Fetched) {
        let waiting = state.withLock { state in
            state.objects[id] = value
            return state.waiters.removeValue(forKey: id) ?? [:]
        }
        for continuation in waiting.values { continuation.yield() }
    }

    private func putID() -> ObjectID {
        let id = ObjectID(task: TaskID(unique: next(), actor: .none(in: job)), index: ObjectID.firstPut)
        state.withLock { $0.counts[id, default: 0] += 1 }
        return id
    }

    func put(_ payload: Payload, key: String?) throws(RayflowError) -> ObjectID {
        let value = try store(payload)
        let id = putID()
        finish(id, value)
        return id
    }

    func reserve(_ layout: ObjectLayout, key: String?) throws(RayflowError) -> any PutBuffer {
        guard layout.byteCount <= capacity else { throw RayflowError(.objectStoreFull, "\(layout.byteCount) bytes") }
        return Reservation(engine: self, block: Block(byteCount: layout.byteCount))
    }

    func putFailure(_ error: ErrorRecord) -> ObjectID {
        let id = putID()
        finish(id, .failed(error))
        return id
    }

    final class Block: @unchecked Sendable {
        let memory: UnsafeMutableRawBufferPointer
        init(byteCount: Int) { memory = .allocate(byteCount: byteCount, alignment: ObjectLayout.alignment) }
        deinit { memory.deallocate() }
    }

    final class Reservation: PutBuffer {
        let engine: InProcessEngine
        let block: Block
        init(engine: InProcessEngine, block: Block) {
            self.engine = engine
            self.block = block
        }
        var memory: UnsafeMutableRawBufferPointer { block.memory }
        func seal(byteCount: Int) throws(RayflowError) -> ObjectID {
            let object = UnsafeRawBufferPointer(rebasing: block.memory[..<byteCount])
            let id = engine.putID()
            do { engine.finish(id, .mapped(try MappedObject(object: object, owner: block))) } catch {
                throw RayflowError(.corrupt, "\(error)")
            }
            return id
        }
        func abandon() {}
    }

    // MARK: Reading

    func ready(_ id: ObjectID) -> Fetched? { state.withLock { $0.objects[id] } }
    func prefetch(_ ids: [ObjectID]) {}

    /// A stream that yields once one of the ids becomes ready, or the time is over.
    private func signal(_ ids: [ObjectID], _ timeout: Duration?) -> (stream: AsyncStream<Void>, end: @Sendable () -> Void) {
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        let key = next()
        let isReady = state.withLock { state in
            for id in ids where state.objects[id] == nil { state.waiters[id, default: [:]][key] = continuation }
            return ids.contains { state.objects[$0] != nil }
        }
        if isReady { continuation.yield() }
        let timer = timeout.map { timeout in
            Task {
                try? await Task.sleep(for: timeout)
                continuation.finish()
            }
        }
        return (
            stream,
            {
                timer?.cancel()
                self.state.withLock { state in for id in ids { state.waiters[id]?[key] = nil } }
            }
        )
    }

    func fetch(_ id: ObjectID, timeout: Duration?) async throws(CancellationError) -> Fetched {
        let (stream, end) = signal([id], timeout)
        defer { end() }
        for await _ in stream { if let value = ready(id) { return value } }
        if Task.isCancelled { throw CancellationError() }
        return .failed(ErrorRecord(.getTimeout, "not ready in \(timeout ?? .zero)"))
    }

    func settle(_ ids: [ObjectID]) async throws(CancellationError) -> ObjectID? {
        for id in ids { if case .failed = try await fetch(id, timeout: nil) { return id } }
        return nil
    }

    func wait(
        _ ids: [ObjectID], count: Int, timeout: Duration?, fetchLocal: Bool
    ) async throws(CancellationError) -> (ready: [Int], rest: [Int]) {
        func split() -> (ready: [Int], rest: [Int]) {
            let done = ids.indices.filter { ready(ids[$0]) != nil }.prefix(count)
            return (Array(done), ids.indices.filter { !done.contains($0) })
        }
        while true {
            let now = split()
            if now.ready.count >= count { return now }
            let missing = ids.filter { ready($0) == nil }
            let (stream, end) = signal(missing, timeout)
            defer { end() }
            var isOver = true
            for await _ in stream {
                isOver = false
                break
            }
            if Task.isCancelled { throw CancellationError() }
            if isOver { return split() }
        }
    }

    func retain(_ id: ObjectID) { state.withLock { $0.counts[id, default: 0] += 1 } }
    func release(_ id: ObjectID) { state.withLock { $0.counts[id, default: 0] -= 1 } }

    // MARK: Actors

    func create(_ submission: ActorSubmission) -> ActorID {
        let id = ActorID(unique: next(), salt: 0, job: job)
        let created = ObjectID(handleOf: id)
        let (calls, queue) = AsyncStream<@Sendable () async -> Void>.makeStream()
        state.withLock { state in
            state.creations.append(submission)
            state.counts[created, default: 0] += 1
            state.actors[id] = queue
            if let name = submission.options.name { state.names[name] = NamedActor(actor: id, typeName: submission.typeName) }
        }
        guard let cluster else { return id }
        Task {
            do {
                let arguments = try await self.resolve(try submission.arguments.get())
                guard let type = self.registry.actor(named: submission.typeName) else {
                    throw RayflowError(.notRegistered, submission.typeName)
                }
                let call = Call(arguments: arguments, cluster: cluster)
                let host = try await type.construct(member: Int(submission.constructor.index), call, id: id)
                self.state.withLock { $0.hosts[id] = host }
                self.finish(created, .payload(Payload(type: "", bytes: [])))
            } catch {
                self.finish(created, .failed(ErrorRecord(.actorDied, "constructor: \(error)")))
            }
            await withTaskGroup(of: Void.self) { group in
                var running = 0
                for await call in calls {
                    if running == submission.options.maxConcurrency {
                        await group.next()
                        running -= 1
                    }
                    group.addTask { await call() }
                    running += 1
                }
            }
        }
        return id
    }

    func call(_ call: ActorCall) -> [ObjectID] {
        let ids = results(call.resultCount)
        let queue = state.withLock { state in
            state.calls.append(call)
            return state.actors[call.actor]
        }
        guard let queue, let cluster else {
            for id in ids { finish(id, .failed(ErrorRecord(.actorDied, "no such actor"))) }
            return ids
        }
        queue.yield {
            let host = self.state.withLock { $0.hosts[call.actor] }
            await self.run(call.method.name, ids, cluster, host: host) {
                if case .failed(let record) = try await self.fetch(ObjectID(handleOf: call.actor), timeout: nil) { throw record }
                guard let host = self.state.withLock({ $0.hosts[call.actor] }) else { throw RayflowError(.actorDied, "killed") }
                let arguments = try await self.resolve(try call.arguments.get())
                return try await host.invoke(member: Int(call.method.index), Call(arguments: arguments, cluster: cluster))
            }
        }
        return ids
    }

    // MARK: The rest

    func memory(limit: Int, order: MemoryOrder) async throws(RayflowError) -> JSON { throw RayflowError(.unsupported, "memory") }
    func cancel(_ id: ObjectID, force: Bool, recursive: Bool) async throws(RayflowError) {
        state.withLock { $0.tasks[ObjectID(task: id.task, index: 1)] }?.cancel()
    }
    func kill(_ actor: ActorID, restart: Bool) async throws(RayflowError) {
        state.withLock { state in
            state.hosts[actor] = nil
            state.actors.removeValue(forKey: actor)?.finish()
        }
    }
    func namedActor(_ name: String, namespace: String?, timeout: Duration) async throws(RayflowError) -> NamedActor? {
        state.withLock { state in
            guard let found = state.names[name] else { return nil }
            state.counts[ObjectID(handleOf: found.actor), default: 0] += 1
            return found
        }
    }
    func beginStep(_ name: String) async throws(RayflowError) -> StepState {
        let ticket = next()
        return state.withLock { state in
            if let recorded = state.steps[name] { return .recorded(recorded) }
            state.pendingSteps[ticket] = name
            return .pending(ticket: ticket)
        }
    }
    func finishStep(ticket: UInt64, value: Payload) async throws(RayflowError) {
        state.withLock { state in if let name = state.pendingSteps.removeValue(forKey: ticket) { state.steps[name] = value } }
    }
    func shutDown() async {}
}
