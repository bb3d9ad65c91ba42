internal import CLinux
internal import Glibc
import Ownership
package import RayflowCore
import Transport

/// The executing side of a worker: takes pushed tasks, runs their bodies on the task thread, replies.
///
/// Confined to the loop, except where said.
package final class Executor: @unchecked Sendable {
    private struct Running {
        var attempt: Attempt
        var body: Task<Void, Never>
    }

    let core: CoreWorker
    let registry: Registry
    let cluster: Cluster
    private let process: UInt64
    private let raylet: Address
    /// A process of its own ends when a body has to be stopped; one that lives in a driver only asks.
    private let isProcess: Bool
    private let threads: ThreadExecutor
    private var running: [TaskID: Running] = [:]
    private var actor: HostedActor?
    /// Calls that the actor of this process runs at a time.
    private(set) var actorConcurrency = 1
    private let lock = Lock()
    private var waiting = 0
    private var waitNumber: UInt64 = 0
    private var saidBlocked = false

    package init(core: CoreWorker, registry: Registry, process: UInt64, isProcess: Bool) {
        self.core = core
        self.registry = registry
        self.process = process
        self.isProcess = isProcess
        raylet = .raylet(of: core.identity.node)
        threads = ThreadExecutor()
        cluster = Cluster(engine: core, registry: registry, isListed: isProcess)
        core.executor = self
    }

    /// Tells the raylet that this worker may be leased.
    package func register() { core.send(.registerWorker(RegisterWorker(process: process, pid: UInt32(getpid()))), to: raylet) }

    package func shutDown() { if isProcess { exit(0) } }

    /// The raylet's process is gone: nothing that this worker does is of use to anyone.
    package func disconnected(_ peer: Address) { if peer == raylet, isProcess { _exit(0) } }

    // MARK: Tasks

    package func push(_ m: PushTask, from: Address) {
        if let known = running[m.spec.id] {
            if known.attempt < m.spec.attempt { reply(m, to: from, .stale) }
            return  // the same push again: it is running
        }
        switch m.spec.kind {
        case .function: start(m, from: from)
        case .actorCreation: create(m, from: from)
        case .actorCall:
            guard let actor else {
                let error = RayflowError(.actorUnavailable, "the actor is not in this process")
                return reply(m, to: from, .failed(ErrorRecord(error), isApplicationError: false))
            }
            actor.enqueue(m, from: from)
        case .step:
            let error = RayflowError(.unsupported, "a worker runs no shell steps")
            reply(m, to: from, .failed(ErrorRecord(error), isApplicationError: true))
        }
    }

    private func start(_ m: PushTask, from: Address) {
        guard let entry = registry.function(at: m.spec.function.index), entry.name == m.spec.function.name else {
            let error = RayflowError(.notRegistered, "\(m.spec.function.name) is not registered in the worker's program")
            return reply(m, to: from, .failed(ErrorRecord(error), isApplicationError: true))
        }
        run(m, from: from, host: nil) { call in try await entry.invoke(call) }
    }

    /// Runs one body: arguments in, results out, reply.
    ///
    /// - Parameter finished: called on the loop with the outcome before the reply, with the continuation that replies.
    func run(
        _ m: PushTask, from: Address, host: (any ActorHost)?, _ invoke: @escaping @Sendable (Call) async throws -> ResultPayload,
        finished: (@Sendable ([Payload], TaskOutcome, [MovedObject], UInt64) -> Void)? = nil
    ) {
        let borrowed = m.nestedRefs
        core.step { owner, _ in
            for (id, origin) in borrowed { owner.borrow(id, origin) }
            if !m.history.isEmpty { owner.remember(m.history) }
        }
        if !m.history.isEmpty { (core.log as? RemoteRunLog)?.remember(m.history) }
        let spec = m.spec
        let scope = SubmissionScope(lineage: spec.lineage, task: spec.id)
        let resources = spec.options.resources.amounts.mapValues { Double($0) / Double(ResourceSet.unit) }
        let context = TaskContext(
            name: spec.options.name.isEmpty ? spec.function.name : spec.options.name, task: spec.id, attempt: Int(spec.attempt.number),
            node: core.identity.node, resources: resources, cluster: cluster, host: host, record: scope)
        let body = Task(executorPreference: threads) { [self] in
            let started = rf_monotonic_ns()
            var arguments: [ResolvedArgument] = []
            var moved: [MovedObject] = []
            var outcome: TaskOutcome
            do {
                arguments = try await resolve(m)
                let call = Call(arguments: arguments, cluster: cluster)
                let result = try await TaskContext.$current.withValue(context) { try await invoke(call) }
                (outcome, moved) = try await encode(result, of: spec)
            } catch {
                outcome = failure(error, context)
            }
            // In the journal a task ends after what it has submitted, for once it has ended it never runs again. A method of an actor
            // does not wait: its own submissions may stand behind it in the actor's line.
            if host == nil { for child in scope.submissions { _ = try? await core.settle(child) } }
            let elapsed = rf_monotonic_ns() - started
            let wantsArguments = finished != nil && core.identity.isDurable
            let payloads = wantsArguments ? arguments.map(\.payload) : []
            let (final, taken) = (outcome, moved)
            core.execute { [self] in
                running[spec.id] = nil
                if let finished {
                    finished(payloads, final, taken, elapsed)
                } else {
                    reply(m, to: from, final, moved: taken, executionNS: elapsed)
                }
                core.step { owner, out in
                    owner.handOver(taken.map(\.id), to: from)
                    for (id, _) in borrowed { owner.release(id, into: &out) }
                }
                if context.wantsActorExit { leaveActor() }
            }
        }
        running[spec.id] = Running(attempt: spec.attempt, body: body)
    }

    private func failure(_ error: any Error, _ context: TaskContext) -> TaskOutcome {
        if error is CancellationError, Task.isCancelled { return .cancelled }
        let record = ErrorRecord(
            thrown: error, registry: registry, task: context.name, attempt: context.attempt, node: context.node.description)
        return .failed(record, isApplicationError: true)
    }

    func reply(_ m: PushTask, to: Address, _ outcome: TaskOutcome, moved: [MovedObject] = [], executionNS: UInt64 = 0) {
        FailPoint.hit("ownership.before-move")
        let message = TaskReply(
            lease: m.lease, task: m.spec.id, attempt: m.spec.attempt, outcome: outcome, moved: moved, borrowed: [], executionNS: executionNS
        )
        core.send(.taskReply(message), to: to)
        FailPoint.hit("ownership.after-move")
    }

    /// For a worker inside another process: its bodies are cancelled, its thread ends when they give in.
    package func end() {
        for task in running.values { task.body.cancel() }
        threads.end()
    }

    package func cancel(_ m: CancelTask) {
        guard let task = running[m.task], task.attempt == m.attempt else {
            actor?.cancel(m.task)
            return
        }
        task.body.cancel()
        if m.force, isProcess { _exit(Int32(128 + SIGKILL)) }
    }

    // MARK: Actors

    private func create(_ m: PushTask, from: Address) {
        guard actor == nil, let type = registry.actor(named: m.actorTypeName) else {
            let error = RayflowError(.notRegistered, "\(m.actorTypeName) is not registered in the worker's program")
            return reply(m, to: from, .failed(ErrorRecord(error), isApplicationError: true))
        }
        let hosted = HostedActor(id: m.spec.id.actor, lineage: m.spec.lineage, executor: self, logged: m.replay)
        actor = hosted
        actorConcurrency = max(1, Int(clamping: m.spec.sequence))
        let replay = m.replay
        run(m, from: from, host: nil) { [cluster] call in
            let host = try await type.construct(member: Int(m.spec.function.index), call, id: m.spec.id.actor)
            // The constructor, then the logged calls in the order executed; their results are discarded.
            for logged in replay {
                let arguments = try logged.arguments.map { try ResolvedArgument(logged: $0) }
                let context = TaskContext(
                    name: logged.method.name, task: m.spec.id, attempt: Int(m.spec.attempt.number), node: NodeID(0), cluster: cluster,
                    host: host, record: SubmissionScope(lineage: logged.lineage, task: m.spec.id))
                do {
                    _ = try await TaskContext.$current.withValue(context) {
                        try await host.invoke(member: Int(logged.method.index), Call(arguments: arguments, cluster: cluster))
                    }
                } catch {
                    // A call that failed then fails again: its effect on the state is what counts.
                }
            }
            hosted.install(host)
            return .values([])
        }
    }

    /// A method asked for the end of its actor: the reply is sent, the process goes.
    private func leaveActor() {
        guard let actor else { return }
        // Said by itself: the GCS must not take the end of the process for a crash.
        core.send(.killActor(KillActor(actor: actor.id, noRestart: true)), to: .gcs)
        core.network.flush()
    }

    // MARK: Waiting

    /// From any thread: the running body waits in get or wait.
    package func beginWaiting() -> UInt64 {
        let number = lock.withLock {
            waiting += 1
            waitNumber += 1
            return waitNumber
        }
        core.loop.scheduleTimer(afterNanoseconds: RuntimeLimits.blockedAfterNS) { [weak self] in self?.sayBlocked(number) }
        return number
    }

    private func sayBlocked(_ number: UInt64) {
        let mustSay = lock.withLock {
            guard waiting > 0, waitNumber == number, !saidBlocked, actor == nil else { return false }
            saidBlocked = true
            return true
        }
        if mustSay { core.send(.blocked(Blocked(process: process, isBlocked: true)), to: raylet) }
    }

    package func endWaiting(_ number: UInt64) {
        let mustSay = lock.withLock {
            waiting -= 1
            guard waiting == 0 else { return false }
            waitNumber += 1
            defer { saidBlocked = false }
            return saidBlocked
        }
        if mustSay { core.post(.blocked(Blocked(process: process, isBlocked: false)), to: raylet) }
    }
}

extension PushTask {
    /// Refs that travel inside values, with where they come from.
    var nestedRefs: [(ObjectID, RefOrigin)] {
        var refs: [(ObjectID, RefOrigin)] = []
        func collect(_ argument: TaskArgument) {
            switch argument {
            case .value(let enclosed): refs += zip(enclosed.payload.refs, enclosed.origins).map { ($0, $1) }
            case .ref: break
            case .gather(let parts): for part in parts { collect(part) }
            }
        }
        for argument in spec.arguments { collect(argument) }
        for dependency in resolved { refs += dependency.state.nestedRefs }
        return refs
    }

    /// The constructor's task is named after its type.
    var actorTypeName: String {
        let suffix = ".\(spec.function.name)"
        return spec.options.name.hasSuffix(suffix) ? String(spec.options.name.dropLast(suffix.count)) : spec.options.name
    }
}

extension ObjectState {
    var nestedRefs: [(ObjectID, RefOrigin)] {
        switch self {
        case .inline(let enclosed): zip(enclosed.payload.refs, enclosed.origins).map { ($0, $1) }
        case .stored(_, _, let refs, let origins): zip(refs, origins).map { ($0, $1) }
        case .failed: []
        }
    }
}

extension ResolvedArgument {
    init(logged payload: Payload) throws(DecodingFault) {
        guard payload.type == Executor.gatheredTag else {
            self = .payload(payload)
            return
        }
        var reader = ByteReader(payload.bytes)
        let parts = try reader.list(unit: 8) { (r) throws(DecodingFault) in try r.payload() }
        try reader.finish()
        var resolved: [ResolvedArgument] = []
        for part in parts { resolved.append(try ResolvedArgument(logged: part)) }
        self = .gather(resolved)
    }

    /// As the journal of an actor's calls keeps it.
    var payload: Payload {
        switch self {
        case .payload(let payload): return payload
        case .mapped(let object): return object.payload
        case .gather(let parts):
            // Logged as what the body saw: one array.
            var writer = ByteWriter()
            writer.list(parts.map(\.payload)) { $0.payload($1) }
            return Payload(type: Executor.gatheredTag, bytes: writer.bytes)
        }
    }
}
