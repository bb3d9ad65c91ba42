internal import CLinux
internal import Glibc
package import ObjectStore
import Ownership
package import RayflowCore
import Transport

/// The executing side of a worker: takes pushed tasks, runs their bodies on the task thread, replies.
///
/// Confined to the loop, except where said. Tasks that came behind the one that runs wait in a line of their own; the task thread takes the next
/// from it without a turn of the loop, and when the running one takes long, the loop gives the line back to its owners.
package final class Executor: @unchecked Sendable {
    private struct Running {
        var attempt: Attempt
        /// Nil for a moment: the body is being started.
        var body: Task<Void, Never>?
        var isCancelled = false
    }

    private struct Pushed {
        var push: PushTask
        var from: Address
    }

    private struct Reply {
        var body: [UInt8]
        var to: Address
    }

    /// What the loop and the task thread share.
    private struct Shared {
        var running: [TaskID: Running] = [:]
        var started = StartedTasks()
        var order = PushOrder()
        /// Of functions that wait for the one that runs.
        var line: [Pushed] = []
        var head = 0
        /// The function that runs; nil when none does.
        var current: TaskID?
        /// Counts functions that were started.
        var serial: UInt64 = 0
        var isWatched = false
        var replies: [Reply] = []
        var isSending = false

        mutating func next() -> Pushed? {
            guard head < line.count else { return nil }
            defer {
                head += 1
                if head == line.count { clear() }
            }
            return line[head]
        }
        mutating func clear() {
            line.removeAll(keepingCapacity: true)
            head = 0
        }
        var waiting: ArraySlice<Pushed> { line[head...] }
    }

    let core: CoreWorker
    let registry: Registry
    let cluster: Cluster
    private let process: UInt64
    private let raylet: Address
    /// A process of its own ends when a body has to be stopped; one that lives in a driver only asks.
    private let isProcess: Bool
    /// The GPUs that this process sees, for its life.
    private let devices: [UInt32]
    /// Where the raylet sees what this process does.
    private let page: PinPage?
    /// Of the actor that lives here: what its methods submit may follow it.
    private var actorStrategy = SchedulingStrategy.hybrid
    private var actorEnvironment: [String: String] = [:]
    private let threads: ThreadExecutor
    let producers = StreamProducers()
    private struct Execution: Hashable {
        let task: TaskID
        let attempt: Attempt
    }
    /// Refs in results that are about to leave, as the owner side has numbered them. Under the lock.
    private var deliveries: [Execution: UInt64] = [:]
    /// Replies that wait until what this process keeps of the arguments is claimed. Confined to the loop.
    private var waitingReplies: [UInt64: () -> Void] = [:]
    private var shared = Shared()
    /// Set once, on the loop, before any of its calls runs.
    private(set) var actor: HostedActor?
    /// How the constructor has ended.
    private var creation: (task: TaskID, outcome: TaskOutcome)?
    private let lock = Lock()
    /// Under the lock.
    private var gauge = WaitGauge()

    package init(core: CoreWorker, registry: Registry, process: UInt64, isProcess: Bool, devices: [UInt32] = [], page: PinPage? = nil) {
        self.core = core
        self.registry = registry
        self.process = process
        self.isProcess = isProcess
        self.devices = devices
        self.page = page
        raylet = .raylet(of: core.identity.node)
        threads = ThreadExecutor()
        cluster = Cluster(engine: core, registry: registry, isListed: isProcess)
        core.executor = self
    }

    /// Tells the raylet that this worker may be leased.
    package func register() { core.send(.registerWorker(RegisterWorker(process: process, pid: UInt32(getpid()))), to: raylet) }

    package func shutDown() { if isProcess { exit(0) } }

    /// The raylet's process is gone: nothing that this worker does is of use to anyone.
    package func disconnected(_ peer: Address) {
        if peer == raylet, isProcess { _exit(0) }
        actor?.callerGone(peer)
        lock.withLock { shared.order.forget(peer) }
    }

    // MARK: Tasks

    package func push(_ m: PushTask, from: Address) {
        let isFunction = m.spec.kind == .function
        let (known, isRepeated) = lock.withLock {
            (
                shared.running[m.spec.id],
                isFunction ? !shared.order.isNew(m, from: from) : shared.started.contains(m.spec.id, m.spec.attempt)
            )
        }
        if isRepeated, known == nil {
            // The same push again: it has run. A GCS that was away has not heard how the constructor ended.
            if let creation, creation.task == m.spec.id { reply(m, to: from, creation.outcome) }
            return
        }
        if m.spec.kind == .actorCall { return call(m, from: from) }
        if let known {
            if known.attempt < m.spec.attempt { reply(m, to: from, .stale) }
            return  // the same push again: it is running
        }
        switch m.spec.kind {
        case .function: enqueue(Pushed(push: m, from: from))
        case .actorCreation: create(m, from: from)
        case .actorCall: break
        case .step:
            let error = RayflowError(.unsupported, "a worker runs no shell steps")
            reply(m, to: from, .failed(ErrorRecord(error), isApplicationError: true))
        }
    }

    // MARK: The line

    private enum Place { case first, behind(mustWatch: Bool) }

    private func enqueue(_ pushed: Pushed) {
        let id = pushed.push.spec.id
        let place: Place = lock.withLock {
            guard shared.current != nil else {
                shared.current = id
                shared.serial += 1
                return .first
            }
            shared.line.append(pushed)
            defer { shared.isWatched = true }
            return .behind(mustWatch: !shared.isWatched)
        }
        switch place {
        case .first: start(pushed)
        case .behind(mustWatch: true): watch(lock.withLock { shared.serial })
        case .behind: break
        }
    }

    /// A function may run that long while others wait behind it.
    private func watch(_ serial: UInt64) {
        core.loop.scheduleTimer(afterNanoseconds: RuntimeLimits.lineWaitNS) { [weak self] in self?.watched(serial) }
    }

    private func watched(_ serial: UInt64) {
        let (isLong, left, now) = lock.withLock { () -> (Bool, [Pushed], UInt64) in
            let isLong = shared.serial == serial && shared.current != nil
            let left = isLong ? Array(shared.waiting) : []
            if isLong { shared.clear() }
            shared.isWatched = !shared.waiting.isEmpty
            return (isLong, left, shared.serial)
        }
        if isLong { giveBack(left) } else if lock.withLock({ shared.isWatched }) { watch(now) }
    }

    private func giveBack(_ line: [Pushed]) {
        var byLease: [LeaseID: (to: Address, tasks: [TasksReturned.Item])] = [:]
        for pushed in line {
            let spec = pushed.push.spec
            byLease[pushed.push.lease, default: (pushed.from, [])].tasks.append(.init(task: spec.id, attempt: spec.attempt))
        }
        for (lease, returned) in byLease { core.send(.tasksReturned(TasksReturned(lease: lease, tasks: returned.tasks)), to: returned.to) }
    }

    /// From any thread: the function that ran has ended, the next one begins.
    private func startNext() {
        let next = lock.withLock { () -> Pushed? in
            let next = shared.next()
            shared.current = next?.push.spec.id
            if next != nil { shared.serial += 1 }
            return next
        }
        if let next { start(next) } else { page?.show(.idle) }
    }

    private func start(_ pushed: Pushed) {
        let m = pushed.push
        guard let entry = registry.function(at: m.spec.function.index), entry.name == m.spec.function.name else {
            let error = RayflowError(.notRegistered, "\(m.spec.function.name) is not registered in the worker's program")
            answer(m, to: pushed.from, .failed(ErrorRecord(error), isApplicationError: true))
            return startNext()
        }
        let options = m.spec.options
        let isUsual = options.streamWindow == 0 && !options.isSpread
        run(m, from: pushed.from, host: nil, isUsual ? entry.invoke : invocation(of: entry, m.spec, owner: pushed.from))
    }

    /// Runs one body: arguments in, results out, reply. From any thread.
    ///
    /// - Parameter finished: called with the outcome; it replies. On the loop, unless the outcome is plain: a call of an actor by value.
    func run(
        _ m: PushTask, from: Address, host: (any ActorHost)?, _ invoke: @escaping @Sendable (Call) async throws -> ResultPayload,
        finished: (@Sendable ([Payload], TaskOutcome, [MovedObject], UInt64) -> Void)? = nil
    ) {
        let borrowed = m.nestedRefs
        if !borrowed.isEmpty || !m.history.isEmpty {
            core.step { owner, _ in
                for (id, origin) in borrowed { owner.borrow(id, origin) }
                if !m.history.isEmpty { owner.remember(m.history) }
            }
            if !m.history.isEmpty { (core.log as? RemoteRunLog)?.remember(m.history) }
        }
        let spec = m.spec
        let isOneOfOrder = spec.kind != .function && actor?.isSequential == true
        let scope = SubmissionScope(
            lineage: spec.lineage, task: spec.id, attempt: spec.attempt.number, caller: isOneOfOrder ? spec.id.actor.unique : nil)
        let context = TaskContext(
            name: spec.shownName, task: spec.id, attempt: Int(spec.attempt.number),
            node: core.identity.node, resources: spec.options.resources, gpus: devices.map { Int($0) },
            environment: spec.kind == .actorCall ? actorEnvironment : spec.options.environment.named,
            strategy: spec.kind == .actorCall ? actorStrategy : spec.options.strategy, cluster: cluster, host: host, record: scope)
        lock.withLock {
            shared.running[spec.id] = Running(attempt: spec.attempt)
            if spec.kind != .function { shared.started.insert(spec.id, spec.attempt) }
        }
        let body = Task(executorPreference: host == nil ? threads : actor?.threads ?? threads) { [self] in
            let started = rf_monotonic_ns()
            // Of an actor its life counts, not the call at hand.
            if spec.kind != .actorCall { page?.show(.running(since: started, isRetriable: spec.options.maxRetries != 0)) }
            var arguments: [ResolvedArgument] = []
            var moved: [MovedObject] = []
            var outcome: TaskOutcome
            do {
                if !spec.arguments.isEmpty { arguments = try await resolve(m) }
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
            lock.withLock { shared.running[spec.id] = nil }
            // The reply of a stream goes the way of its items, behind them; what lies in shared memory is announced behind its seal.
            let isPlain = borrowed.isEmpty && moved.isEmpty && spec.options.streamWindow == 0 && !outcome.isStored && !outcome.hasRefs
            if isPlain, spec.kind == .function {
                answer(m, to: from, outcome, executionNS: elapsed)
            } else if isPlain, let finished, spec.kind == .actorCall, !core.identity.isDurable, !context.wantsActorExit {
                finished([], outcome, [], elapsed)
            } else {
                let wantsArguments = finished != nil && core.identity.isDurable
                let payloads = wantsArguments ? arguments.map(\.payload) : []
                let (final, taken) = (outcome, moved)
                core.execute { [self] in
                    // Before its place is free, so that no further call starts.
                    if context.wantsActorExit { actor?.exit() }
                    let borrowed = borrowed.map(\.0)
                    let (final, taken) = deliver(m, final, taken, borrowed, to: from)
                    context.letGo()
                    whenClaimed(borrowed) { [self] in
                        if let finished {
                            finished(payloads, final, taken, elapsed)
                        } else {
                            reply(m, to: from, final, moved: taken, executionNS: elapsed)
                        }
                    }
                }
            }
            if spec.kind == .function { startNext() }
        }
        let isCancelled = lock.withLock {
            guard shared.running[spec.id]?.attempt == spec.attempt else { return false }  // it has ended
            shared.running[spec.id]?.body = body
            return shared.running[spec.id]?.isCancelled == true
        }
        if isCancelled { body.cancel() }
    }

    // MARK: Refs in results

    /// From now on the refs in the results are held until the receiver has secured them. The caller holds what it has sent along itself.
    ///
    /// - Returns: what the reply is to say.
    private func deliver(
        _ m: PushTask, _ outcome: TaskOutcome, _ moved: [MovedObject], _ borrowed: [ObjectID], to: Address
    ) -> (TaskOutcome, [MovedObject]) {
        guard outcome.hasRefs, case .finished(var states) = outcome else { return (outcome, []) }
        var moved = moved
        let number = core.step { owner, _ in owner.deliver(&states, moved: &moved, known: borrowed, to: to) }
        if number != 0 { lock.withLock { deliveries[Execution(task: m.spec.id, attempt: m.spec.attempt)] = number } }
        return (.finished(states), moved)
    }

    private func takeDelivery(_ m: PushTask) -> UInt64? {
        lock.withLock { deliveries.removeValue(forKey: Execution(task: m.spec.id, attempt: m.spec.attempt)) }
    }

    /// The results do not leave after all.
    func withdraw(_ m: PushTask) {
        guard let number = takeDelivery(m) else { return }
        core.step { owner, out in owner.withdraw(number, into: &out) }
    }

    /// Lets the arguments go, and replies when this process has a claim on what it keeps of them: at once when it keeps nothing.
    private func whenClaimed(_ borrowed: [ObjectID], _ reply: @escaping () -> Void) {
        if borrowed.isEmpty { return reply() }
        guard let ticket = core.step({ owner, out in owner.letGoArguments(borrowed, into: &out) }) else { return reply() }
        waitingReplies[ticket] = reply
    }

    package func mayReply(_ ticket: UInt64) { waitingReplies.removeValue(forKey: ticket)?() }

    private func failure(_ error: any Error, _ context: TaskContext) -> TaskOutcome {
        if error is CancellationError, Task.isCancelled { return .cancelled }
        let record = ErrorRecord(
            thrown: error, registry: registry, task: context.name, attempt: context.attempt, node: context.node.description)
        return .failed(record, isApplicationError: true)
    }

    private func replyMessage(
        _ m: PushTask, _ outcome: TaskOutcome, moved: [MovedObject] = [], executionNS: UInt64 = 0
    ) -> TaskReply {
        TaskReply(
            lease: m.lease, task: m.spec.id, attempt: m.spec.attempt, outcome: outcome, moved: moved,
            delivery: outcome.hasRefs ? takeDelivery(m) ?? 0 : 0, executionNS: executionNS
        )
    }

    func reply(_ m: PushTask, to: Address, _ outcome: TaskOutcome, moved: [MovedObject] = [], executionNS: UInt64 = 0) {
        if m.spec.kind == .actorCreation { creation = (m.spec.id, outcome) }
        FailPoint.hit("ownership.before-move")
        core.send(.taskReply(replyMessage(m, outcome, moved: moved, executionNS: executionNS)), to: to)
        FailPoint.hit("ownership.after-move")
    }

    /// From any thread. Replies keep their order.
    func answer(_ m: PushTask, to: Address, _ outcome: TaskOutcome, moved: [MovedObject] = [], executionNS: UInt64 = 0) {
        let message = replyMessage(m, outcome, moved: moved, executionNS: executionNS)
        post(message, to: to)
    }

    /// Encoded here, sent with others by the loop.
    private func post(_ reply: TaskReply, to: Address) {
        let reply = Reply(body: reply.body, to: to)
        let mustSchedule = lock.withLock {
            shared.replies.append(reply)
            defer { shared.isSending = true }
            return !shared.isSending
        }
        if mustSchedule { core.execute { [self] in sendReplies() } }
    }

    private func sendReplies() {
        FailPoint.hit("ownership.before-move")
        let replies = lock.withLock {
            defer { shared.replies = [] }
            shared.isSending = false
            return shared.replies
        }
        for reply in replies { core.network.send(kind: TaskReply.kind, body: reply.body, from: core.address, to: reply.to) }
        FailPoint.hit("ownership.after-move")
    }

    /// For a worker inside another process: its bodies are cancelled, its thread ends when they give in.
    package func end() {
        let bodies = lock.withLock {
            shared.clear()
            return shared.running.values.compactMap(\.body)
        }
        for body in bodies { body.cancel() }
        (actor?.threads as? ThreadPoolExecutor)?.end()
        threads.end()
    }

    package func cancel(_ m: CancelTask) {
        enum Found { case running(Task<Void, Never>?), waiting(Pushed), nowhere }
        let found: Found = lock.withLock {
            if shared.running[m.task]?.attempt == m.attempt {
                shared.running[m.task]?.isCancelled = true
                return .running(shared.running[m.task]?.body)
            }
            guard let at = shared.waiting.firstIndex(where: { $0.push.spec.id == m.task && $0.push.spec.attempt == m.attempt }) else {
                return .nowhere
            }
            return .waiting(shared.line.remove(at: at))
        }
        switch found {
        case .running(let body):
            body?.cancel()
            if m.recursive { core.step { $0.cancelChildren(of: m.task, force: m.force, into: &$1) } }
            if m.force, isProcess { _exit(Int32(128 + SIGKILL)) }
        case .waiting(let pushed): reply(pushed.push, to: pushed.from, .cancelled)
        case .nowhere: actor?.cancel(m.task)
        }
    }

    // MARK: Actors

    private func create(_ m: PushTask, from: Address) {
        guard actor == nil, let type = registry.actor(named: m.actorTypeName) else {
            let error = RayflowError(.notRegistered, "\(m.actorTypeName) is not registered in the worker's program")
            return reply(m, to: from, .failed(ErrorRecord(error), isApplicationError: true))
        }
        let hosted = HostedActor(
            id: m.spec.id.actor, spec: m.spec, typeName: type.typeName, isParallel: !type.isSwiftActor, thread: threads, executor: self,
            logged: m.replay)
        actor = hosted
        actorStrategy = m.spec.options.strategy
        actorEnvironment = m.spec.options.environment.named
        core.step { owner, _ in owner.host(m.spec.id.actor, createdBy: m.spec.owner) }
        let replay = m.replay
        run(m, from: from, host: nil) { [cluster] call in
            let host = try await type.construct(member: Int(m.spec.function.index), call, id: m.spec.id.actor)
            // The constructor, then the logged calls in the order executed; their results are discarded.
            for logged in replay {
                let arguments = try logged.arguments.map { try ResolvedArgument(logged: $0) }
                let context = TaskContext(
                    name: logged.method.name, task: m.spec.id, attempt: Int(m.spec.attempt.number), node: NodeID(0),
                    environment: m.spec.options.environment.named, cluster: cluster, host: host,
                    record: SubmissionScope(lineage: logged.lineage, task: m.spec.id))
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
        } finished: { [self] _, outcome, moved, executionNS in
            if case .finished = outcome { hosted.built() }
            reply(m, to: from, outcome, moved: moved, executionNS: executionNS)
        }
    }

    private func call(_ m: PushTask, from: Address) {
        if let actor { return actor.enqueue(m, from: from) }
        let error = RayflowError(.actorUnavailable, "the actor is not in this process")
        reply(m, to: from, .failed(ErrorRecord(error), isApplicationError: false))
    }

    /// The calls at hand run first.
    package func endActor(_ m: EndActor) { if m.actor == actor?.id { actor?.drain() } }
    package func exitSeen(_ m: ActorExitSeen, from: Address) { actor?.exitSeen(m.actor, from: from) }

    /// From any thread: the running call wants to wait for a call of its own actor in that group (nil: not known). ``endWait(_:)`` follows
    /// unless this is true: the wait could never end.
    func isDeadlock(_ wait: OwnWait, group: String?, stop: @escaping @Sendable () -> Void) -> Bool {
        actor?.wait(wait, group: group, stop: stop) ?? false
    }

    func endWait(_ wait: OwnWait) { actor?.endWait(wait) }

    // MARK: Waiting

    /// From any thread: the running body waits in get or wait, or for the consumer of its stream.
    package func beginWaiting() {
        let wait = lock.withLock { gauge.begin() }
        core.loop.scheduleTimer(afterNanoseconds: RuntimeLimits.blockedAfterNS) { [weak self] in
            guard let self, actor == nil, lock.withLock({ self.gauge.isBlocked(since: wait) }) else { return }
            core.send(.blocked(Blocked(process: process, isBlocked: true)), to: raylet)
        }
    }

    package func endWaiting() {
        guard lock.withLock({ gauge.end() }) else { return }
        core.execute { [self] in
            guard lock.withLock({ gauge.isUnblocked() }) else { return }
            core.send(.blocked(Blocked(process: process, isBlocked: false)), to: raylet)
        }
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
        for dependency in resolved { refs += dependency.state.enclosedRefs.map { ($0.id, $0.origin) } }
        return refs
    }

    /// The constructor's task is named after its type.
    var actorTypeName: String {
        let suffix = ".\(spec.function.name)"
        return spec.options.name.hasSuffix(suffix) ? String(spec.options.name.dropLast(suffix.count)) : spec.options.name
    }
}

extension RuntimeEnvironment {
    fileprivate var named: [String: String] {
        isNone ? [:] : Dictionary(variables.map { ($0.name, $0.value) }) { first, _ in first }
    }
}

extension TaskOutcome {
    var isStored: Bool {
        guard case .finished(let states) = self else { return false }
        return states.contains(where: \.isStored)
    }

    var hasRefs: Bool {
        guard case .finished(let states) = self else { return false }
        return states.contains(where: \.hasRefs)
    }
}

extension ObjectState {
    var hasRefs: Bool {
        switch self {
        case .inline(let enclosed): !enclosed.payload.refs.isEmpty
        case .stored(_, _, let refs, _): !refs.isEmpty
        case .failed: false
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
