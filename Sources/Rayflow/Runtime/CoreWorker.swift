internal import CLinux
package import Ownership
package import RayflowCore
package import Transport
import Synchronization

/// The part that every driver and worker has: its side of ownership, its waiters, its view of the object store.
///
/// The Instance stands behind one lock, so that submit, put and get of small values need no thread crossing; what it asks for is carried
/// out on the loop, in order.
package final class CoreWorker: Engine, FrameHandler, @unchecked Sendable {
    package struct Identity: Sendable {
        package var job: JobID
        package var node: NodeID
        package var address: Address
        package var epoch: UInt32
        package var isDurable: Bool
        /// Who keeps the run's journal: the driver.
        package var journalKeeper: Address
        package init(job: JobID, node: NodeID, address: Address, epoch: UInt32, isDurable: Bool, journalKeeper: Address) {
            self.job = job
            self.node = node
            self.address = address
            self.epoch = epoch
            self.isDurable = isDurable
            self.journalKeeper = journalKeeper
        }
    }

    package let identity: Identity
    package let network: any Network
    package let loop: Loop
    package let objects: ObjectClient
    package let io: IOPool
    package let rootScope: SubmissionScope
    /// In a durable run: the journal itself in the driver, the way to it in a worker.
    package let log: (any RunLogging)?
    /// Where this process executes tasks; nil in a driver.
    package weak var executor: Executor?
    package var address: Address { identity.address }

    private let lock = Lock()
    private var owner: OwnerInstance
    private var outbox: [OwnerDirective] = []
    private var isDrainScheduled = false
    private var waiters = Waiters()
    private var requests: [UInt64: @Sendable (Message?) -> Void] = [:]
    private var isClosed = false
    private var nextRequest: UInt64 = 1
    /// Channels of the GCS that are followed here. Confined to the loop.
    let watches = ChannelWatches()
    private var actorLineages: [ActorID: LineageID] = [:]
    private var keptDecisions: [UInt64: DecisionKey] = [:]
    private var nextKept: UInt64 = 1
    private let nextTask = Atomic<UInt64>(1)
    private let taskOptions = OptionsCache<TaskOptions>()
    private let callOptions = OptionsCache<CallKind>()
    private let salt: UInt64
    private var taskObserver: (@Sendable (TaskChange) -> Void)?
    private var onShutDown: (@Sendable () async -> Void)?
    /// What lives as long as this engine: the embedded cluster around it.
    private var kept: (any AnyObject & Sendable)?

    package init(
        identity: Identity, network: any Network, objects: ObjectClient, io: IOPool, log: (any RunLogging)?,
        root: LineageID, history: [LineageID: OwnerInstance.Recorded] = [:]
    ) {
        self.identity = identity
        self.network = network
        self.loop = network.loop
        self.objects = objects
        self.io = io
        self.log = log
        salt = UInt64.random(in: 1 ... .max)
        rootScope = SubmissionScope(
            lineage: root, task: TaskID(unique: UInt64.random(in: 1 ... .max), actor: .none(in: identity.job)))
        owner = OwnerInstance(
            address: identity.address, raylet: .raylet(of: identity.node), epoch: identity.epoch, isDurable: identity.isDurable,
            history: history)
        owner.tellsChanges = false
        owner.reportsTasks = true
    }

    package func onTaskChange(_ body: @escaping @Sendable (TaskChange) -> Void) {
        lock.withLock {
            taskObserver = body
            owner.tellsChanges = true
        }
    }
    package func onShutDown(_ body: @escaping @Sendable () async -> Void) { lock.withLock { onShutDown = body } }

    // MARK: The Instance and its directives

    /// One step of the Instance, from any thread.
    @discardableResult
    package func step<T>(_ body: (inout OwnerInstance, inout [OwnerDirective]) -> T) -> T {
        let (value, mustSchedule, woken) = lock.withLock {
            let value = body(&owner, &outbox)
            owner.stampEvents(wallNS: rf_wall_ns())
            if isClosed { return (value, false, endAll()) }
            let must = !outbox.isEmpty && !isDrainScheduled
            if must { isDrainScheduled = true }
            return (value, must, [])
        }
        if mustSchedule { loop.execute { self.drain() } }
        for (id, line) in woken { line.wake(id) }
        return value
    }

    /// Reads the Instance in place: what is read of a stored property directly is read of a copy, and that counts up each of its tables.
    private func look<T>(_ body: (inout OwnerInstance) -> T) -> T { lock.withLock { body(&owner) } }

    /// A copy of the Instance, for reports. Who reads long does not hold up whom it belongs to.
    var ownerNow: OwnerInstance { lock.withLock { owner } }

    /// On the loop, as the last thing there: everything that is not finished fails, and so does at once whatever comes later.
    package func close() {
        drain()
        let (woken, open) = lock.withLock {
            defer {
                isClosed = true
                requests = [:]
            }
            return (endAll(), requests.sorted { $0.key < $1.key }.map(\.value))
        }
        for (id, line) in woken { line.wake(id) }
        for body in open { body(nil) }
    }

    /// Nothing can be sent any more: only who waits here is told. Under the lock.
    private func endAll() -> [(ObjectID, Waiters.Line)] {
        if !outbox.isEmpty || owner.pendingTasks > 0 || !isClosed {
            owner.failAll(ErrorRecord(.shutDown, "the cluster has been shut down"), into: &outbox)
        }
        defer { outbox = [] }
        return takeWaiters()
    }

    /// Who waits for what the outbox says is ready, in its order. Under the lock.
    private func takeWaiters() -> [(ObjectID, Waiters.Line)] {
        var woken: [(ObjectID, Waiters.Line)] = []
        for directive in outbox {
            if case .ready(let id) = directive, let line = waiters.take(id) { woken.append((id, line)) }
        }
        return woken
    }

    private func drain() {
        while true {
            let (directives, woken) = lock.withLock {
                defer { outbox = [] }
                if outbox.isEmpty { isDrainScheduled = false }
                return (outbox, takeWaiters())
            }
            if directives.isEmpty { return }
            var next = woken.startIndex
            for directive in directives {
                guard case .ready(let id) = directive else {
                    carryOut(directive)
                    continue
                }
                guard next < woken.endIndex, woken[next].0 == id else { continue }
                woken[next].1.wake(id)
                next += 1
            }
        }
    }

    private func carryOut(_ directive: OwnerDirective) {
        switch directive {
        case .send(let message, let to):
            if let log, case .pushTask(var m) = message, m.spec.kind != .step {
                m.history = log.history(of: m.spec.lineage, owner: address)
                send(.pushTask(m), to: to)
            } else {
                send(message, to: to)
            }
        case .ready: break  // its waiters were taken with it
        case .startTimer(let timer, let delay):
            loop.scheduleTimer(afterNanoseconds: delay) { [weak self] in
                guard let self else { return }
                step { $0.timerFired(timer, now: self.loop.now, into: &$1) }
            }
        case .journal(let record): log?.append(record, from: self)
        case .journalThenPush(let record, let task):
            guard let log else { return journaled(task) }
            log.append(record, from: self) { [weak self] isCommitted in
                // A journal that failed ends the run elsewhere; an attempt that is not on record is never made.
                if isCommitted { self?.journaled(task) }
            }
        case .persist(let task, let ids): persist(task, ids)
        case .load(let task, let lineage): load(task, lineage)
        case .taskChanged(let change): taskObserver?(change)
        case .mayReply(let ticket): executor?.mayReply(ticket)
        }
    }

    private func journaled(_ task: TaskID) { step { $0.journalCommitted(task, now: self.loop.now, into: &$1) } }

    package func send(_ message: Message, to: Address) {
        let (kind, body) = message.encoded
        network.send(kind: kind, body: body, from: address, to: to)
    }

    /// From any thread.
    package func post(_ message: Message, to: Address) {
        execute { self.send(message, to: to) }
    }

    /// On the loop, unless the cluster has been shut down.
    func execute(_ body: @escaping @Sendable () -> Void) {
        if lock.withLock({ isClosed }) { return }
        loop.execute(body)
    }

    // MARK: Frames

    package func receive(kind: UInt8, body: ArraySlice<UInt8>, from: Address) {
        let message: Message
        // A fault of the peer's: its frames are checksummed and versioned.
        do { message = try Message(kind: kind, body: body) } catch { return }
        receive(message, from: from)
    }

    package func receive(_ message: Message, from: Address) {
        switch message {
        case .pushTask(let m): executor?.push(m, from: from)
        case .cancelTask(let m): executor?.cancel(m)
        case .streamAck(let m): executor?.producers.acknowledged(m)
        case .shutdownWorker: executor?.shutDown()
        case .endActor(let m): executor?.endActor(m)
        case .actorExitSeen(let m): executor?.exitSeen(m, from: from)
        case .createReply(let m): answer(m.request, message)
        case .openReply(let m): answer(m.request, message)
        case .lookupReply(let m): answer(m.request, message)
        case .placementGroupFound(let m): answer(m.request, message)
        case .leaseExplained(let m): answer(m.request, message)
        case .gcsReply(let m): answer(m.request, message)
        case .memoryInspected(let m): answer(m.request, message)
        case .inspectMemory(let m): inspected(m, from: from)
        case .channelMessages(let m): watches.receive(m, through: self)
        case .journalAck(let m): log?.acknowledged(m)
        case .journalRecords(let m): log?.receive(m, from: from, through: self)
        default: step { $0.receive(message, from: from, now: self.loop.now, into: &$1) }
        }
    }

    package func disconnected(_ peer: Address) {
        if peer.isGCS { watches.gcsLost(through: self) }
        step { $0.connectionLost(peer, now: self.loop.now, into: &$1) }
        executor?.disconnected(peer)
    }

    /// Sends a request that is answered by a message of its own; `body` runs on the loop, with nil when the cluster has been shut down.
    /// - Returns: its number, for ``abandon(_:)``.
    @discardableResult
    package func request(to: Address, _ make: (UInt64) -> Message, _ body: @escaping @Sendable (Message?) -> Void) -> UInt64 {
        let (message, number): (Message?, UInt64) = lock.withLock {
            if isClosed { return (nil, 0) }
            defer { nextRequest += 1 }
            requests[nextRequest] = body
            return (make(nextRequest), nextRequest)
        }
        guard let message else {
            body(nil)
            return 0
        }
        if loop.isInLoop { send(message, to: to) } else { post(message, to: to) }
        return number
    }

    func isOpen(_ request: UInt64) -> Bool { lock.withLock { requests[request] != nil } }

    /// Nobody waits for the answer any more.
    /// - Returns: false when it has come.
    func abandon(_ request: UInt64) -> Bool { lock.withLock { requests.removeValue(forKey: request) != nil } }

    private func answer(_ request: UInt64, _ message: Message) {
        let body = lock.withLock { requests.removeValue(forKey: request) }
        body?(message)
    }

    /// Decisions that are being made: their answers come with the ticket.
    func keep(_ key: DecisionKey) -> UInt64 {
        lock.withLock {
            defer { nextKept += 1 }
            keptDecisions[nextKept] = key
            return nextKept
        }
    }
    func takeKept(_ ticket: UInt64) -> DecisionKey? { lock.withLock { keptDecisions.removeValue(forKey: ticket) } }

    // MARK: Submitting

    func newTaskUnique() -> UInt64 {
        // A bijective mix: numbers of one process never meet, those of two with the odds of their salts.
        var x = nextTask.add(1, ordering: .relaxed).oldValue &* 0x9E37_79B9_7F4A_7C15 &+ salt
        x = (x ^ (x >> 30)) &* 0xBF58_476D_1CE4_E5B9
        return max(x ^ (x >> 31), 1)
    }

    /// What a task of a placement group submits goes into the group when the task says so, unless it has a placement of its own.
    private func captured(_ strategy: SchedulingStrategy) -> SchedulingStrategy {
        guard strategy == .hybrid, let context = TaskContext.current, context.cluster.engine === self,
            case .bundle(let group, _, true) = context.strategy
        else { return strategy }
        return .bundle(of: group, index: nil, capturesChildren: true)
    }

    /// What a task or an actor submits has its environment as well; what is given for the submission itself has precedence.
    private func inheriting(_ environment: [String: String]) -> [String: String] {
        guard let context = TaskContext.current, context.cluster.engine === self, !context.environment.isEmpty else { return environment }
        return context.environment.merging(environment) { _, own in own }
    }

    private func inheriting(_ options: TaskOptions) -> TaskOptions {
        guard let context = TaskContext.current, !context.environment.isEmpty else { return options }
        var options = options
        options.environment = inheriting(options.environment)
        return options
    }

    var scope: SubmissionScope {
        guard let context = TaskContext.current, context.cluster.engine === self, let scope = context.record as? SubmissionScope else {
            return rootScope
        }
        return scope
    }

    func lineage(of id: ObjectID) -> LineageID { look { $0.lineage(of: id) } }
    func knows(_ id: ObjectID) -> Bool { look { $0.knows(id) } }
    func origin(of id: ObjectID) -> RefOrigin { look { $0.origin(of: id) } }

    func enclose(_ payload: Payload) -> EnclosedPayload {
        payload.refs.isEmpty
            ? EnclosedPayload(payload)
            : look { owner in EnclosedPayload(payload, origins: payload.refs.map { owner.origin(of: $0) }) }
    }

    /// Arguments as they travel; a value too large for a message is put first and becomes a ref.
    private func wireArguments(
        _ arguments: [Argument], inlineBytes: Int = RuntimeLimits.inlineBytes, held: inout [ObjectID]
    ) throws(RayflowError) -> [TaskArgument] {
        var wire: [TaskArgument] = []
        wire.reserveCapacity(arguments.count)
        for argument in arguments {
            switch argument {
            case .value(let payload):
                if payload.bytes.count > inlineBytes {
                    let id = try put(payload, key: nil)
                    held.append(id)
                    wire.append(.ref(id, owner: address))
                } else {
                    wire.append(.value(enclose(payload)))
                }
            case .ref(let id): wire.append(.ref(id, owner: origin(of: id).owner))
            case .gather(let parts): wire.append(.gather(try wireArguments(parts, held: &held)))
            }
        }
        return wire
    }

    private func lineage(
        _ scope: SubmissionScope, _ name: String, key: String?, _ arguments: Result<[Argument], RayflowError>, on actor: LineageID? = nil
    ) -> LineageID {
        guard identity.isDurable else { return .none }
        return scope.lineage(of: name, key: key) { hasher in
            if let actor { hasher.update(actor) }
            guard case .success(let list) = arguments else { return }
            for argument in list { argument.digest(into: &hasher, lineageOf: { self.lineage(of: $0) }) }
        }
    }

    package func submit(_ submission: Submission) -> [ObjectID] {
        let scope = scope
        return submit(
            kind: .function, function: submission.function, arguments: submission.arguments, resultCount: submission.resultCount,
            lineage: lineage(scope, submission.function.name, key: submission.options.key, submission.arguments),
            pathLength: submission.options.pathLength, scope: scope
        ) { () throws(RayflowError) in
            var options = self.inheriting(submission.options)
            options.key = nil
            options.pathLength = 0
            let shared = try taskOptions.shared(options) { () throws(RayflowError) in try Self.shared(options) }
            let strategy = self.captured(shared.value.strategy)
            if strategy == shared.value.strategy { return shared }
            var captured = shared.value
            captured.strategy = strategy
            return SharedOptions(captured)
        }
    }

    private static func shared(_ options: TaskOptions) throws(RayflowError) -> SharedOptions {
        if options.persist != .auto { throw RayflowError(.unsupported, "persist: only .auto in this version") }
        return SharedOptions(try options.spec())
    }

    /// The general form, which steps use too.
    package func submit(
        kind: TaskKind, function: FunctionReference, arguments: Result<[Argument], RayflowError>, resultCount: Int, lineage: LineageID,
        fingerprint: [UInt8] = [], pathLength: UInt32 = 0, scope: SubmissionScope, options: () throws(RayflowError) -> SharedOptions
    ) -> [ObjectID] {
        let id = TaskID(unique: newTaskUnique(), actor: .none(in: identity.job))
        do {
            let options = try options()
            var held: [ObjectID] = []
            // A step's order is read by the step runner's door, which opens no objects.
            let wire = try wireArguments(try arguments.get(), inlineBytes: kind == .step ? .max : RuntimeLimits.inlineBytes, held: &held)
            let spec = TaskSpec(
                id: id, attempt: Attempt(epoch: identity.epoch, number: 1), lineage: lineage, kind: kind, function: function,
                owner: address, arguments: wire, resultCount: UInt32(resultCount), options: options)
            step { owner, out in
                owner.submit(
                    spec, fingerprint: fingerprint, parent: scope.lineage, parentTask: scope.task, pathLength: pathLength,
                    now: self.loop.now, into: &out)
                for id in held { owner.release(id, into: &out) }
            }
            note(spec, in: scope)
            return spec.results
        } catch {
            return fail(id, resultCount, ErrorRecord(error))
        }
    }

    private func note(_ spec: TaskSpec, in scope: SubmissionScope) {
        if identity.isDurable, scope !== rootScope, spec.resultCount > 0 { scope.note(spec.result(0)) }
    }

    /// Results that are failures from the start: the submission itself had a fault.
    private func fail(_ id: TaskID, _ resultCount: Int, _ record: ErrorRecord) -> [ObjectID] {
        let ids = (0..<resultCount).map { ObjectID(task: id, index: UInt32($0 + 1)) }
        step { owner, out in
            for id in ids { owner.put(id, .failed(record), lineage: .none, into: &out) }
        }
        return ids
    }

    package func create(_ submission: ActorSubmission) -> ActorID {
        let scope = scope
        let name = "\(submission.typeName).\(submission.constructor.name)"
        let lineage = lineage(scope, name, key: submission.options.key, submission.arguments)
        let unique = newTaskUnique()
        let actor = ActorID(unique: unique, salt: UInt32(truncatingIfNeeded: salt) | 1, job: identity.job)
        lock.withLock { actorLineages[actor] = lineage }
        step { owner, _ in owner.holdHandle(of: actor, lineage: lineage) }
        do throws(RayflowError) {
            var options = try submission.options.spec(typeName: submission.typeName)
            if submission.options.namespace == nil { options.namespace = ownNamespace }
            var spec = SpecOptions()
            spec.groups = try submission.options.callGroups()
            spec.resources = try submission.options.resourceSet()
            spec.strategy = captured(try submission.options.placement.strategy())
            let environment = inheriting(submission.options.environment)
            if !environment.isEmpty { spec.environment = try RuntimeEnvironment(environment) }
            // What the end of its process would cost is known where it runs.
            spec.maxRetries = options.maxRestarts
            spec.name = name
            var held: [ObjectID] = []
            // What a detached actor is made of must not end with this process: it is kept by value.
            let wire = try wireArguments(
                try submission.arguments.get(), inlineBytes: options.isDetached ? RuntimeLimits.detachedBytes : RuntimeLimits.inlineBytes,
                held: &held)
            let task = TaskSpec(
                id: TaskID(unique: newTaskUnique(), actor: actor), attempt: Attempt(epoch: identity.epoch, number: 1), lineage: lineage,
                kind: .actorCreation, function: submission.constructor, owner: address, arguments: wire, resultCount: 0, options: spec,
                sequence: UInt64(options.maxConcurrency))
            step { owner, out in owner.create(task, options: options, parent: scope.lineage, into: &out) }
        } catch {
            step { owner, out in owner.failActor(actor, ErrorRecord(error), into: &out) }
        }
        return actor
    }

    package func call(_ call: ActorCall) -> [ObjectID] {
        let scope = scope
        let id = TaskID(unique: newTaskUnique(), actor: call.actor)
        do throws(RayflowError) {
            let kind = CallKind(call)
            let options = try callOptions.shared(kind) { () throws(RayflowError) in try kind.shared() }
            let actorLineage = identity.isDurable ? lineage(of: ObjectID(handleOf: call.actor)) : .none
            var held: [ObjectID] = []
            let wire = try wireArguments(try call.arguments.get(), held: &held)
            let spec = TaskSpec(
                id: id, attempt: Attempt(epoch: identity.epoch, number: 1),
                lineage: lineage(scope, options.value.name, key: call.options.key, call.arguments, on: actorLineage), kind: .actorCall,
                function: call.method, owner: address, arguments: wire, resultCount: UInt32(call.resultCount), options: options)
            step { owner, out in
                owner.submit(
                    spec, parent: scope.lineage, parentTask: scope.task, caller: scope.caller, now: self.loop.now, into: &out)
                for id in held { owner.release(id, into: &out) }
            }
            note(spec, in: scope)
            return spec.results
        } catch {
            return fail(id, call.resultCount, ErrorRecord(error))
        }
    }

    // MARK: Objects

    package func put(_ payload: Payload, key: String?) throws(RayflowError) -> ObjectID {
        if payload.bytes.count <= RuntimeLimits.inlineBytes {
            let scope = scope
            let id = scope.nextPut()
            let lineage = putLineage(scope, type: payload.type, byteCount: payload.bytes.count, key: key)
            let enclosed = enclose(payload)
            step { owner, out in owner.put(id, .inline(enclosed), lineage: lineage, into: &out) }
            return id
        }
        let buffer = try reserve(ObjectLayout(payload), key: key)
        ObjectLayout.write(payload, into: buffer.memory)
        return try buffer.seal(byteCount: ObjectLayout(payload).byteCount)
    }

    func putLineage(_ scope: SubmissionScope, type: String, byteCount: Int, key: String?) -> LineageID {
        guard identity.isDurable else { return .none }
        return scope.lineage(of: "put", key: key) { hasher in
            hasher.update(type)
            hasher.update(UInt64(byteCount))
        }
    }

    package func reserve(_ layout: ObjectLayout, key: String?) throws(RayflowError) -> any PutBuffer {
        let scope = scope
        let id = scope.nextPut()
        let lineage = putLineage(scope, type: layout.type, byteCount: layout.bodyCount, key: key)
        let origins = layout.refs.map { origin(of: $0) }
        guard let room = try objects.create(id, byteCount: layout.byteCount, through: self) else {
            throw RayflowError(.invalidArgument, "object \(id) exists")
        }
        let node = identity.node
        return StoreBuffer(room: room) { [self] byteCount in
            let state = ObjectState.stored(nodes: [node], size: UInt64(byteCount), refs: layout.refs, origins: origins)
            step { owner, out in owner.put(id, state, lineage: lineage, into: &out) }
            return id
        }
    }

    package func putFailure(_ error: ErrorRecord) -> ObjectID {
        let id = scope.nextPut()
        step { owner, out in owner.put(id, .failed(error), lineage: .none, into: &out) }
        return id
    }

    package func retain(_ id: ObjectID) { lock.withLock { owner.retain(id) } }
    package func release(_ id: ObjectID) { step { owner, out in owner.release(id, into: &out) } }

    package func state(of id: ObjectID) -> ObjectState? { look { $0.state(of: id) } }

    /// The state with the number of recoveries that it is as new as.
    func readState(of id: ObjectID) -> (ObjectState?, recoveries: UInt32) { look { ($0.state(of: id), $0.recoveries) } }

    package func ready(_ id: ObjectID) -> Fetched? {
        switch state(of: id) {
        case .inline(let enclosed)?: return .payload(enclosed.payload)
        case .failed(let record)?: return .failed(record)
        case .stored?: return objects.opened(id).map(Fetched.mapped)
        case nil: return nil
        }
    }

    /// Runs `body` once the object is finished, at once if it is.
    package func whenReady(_ id: ObjectID, _ body: @escaping @Sendable () -> Void) { whenReady([id], Waiter { _ in body() }) }

    package func notify(whenReady id: ObjectID, _ body: @escaping @Sendable () -> Void) { whenReady(id, body) }

    /// Tells `waiter` of each of these objects once it is finished, at once of those that are. One turn of the lock for all: a wait for
    /// any of a thousand must not cost a thousand.
    func whenReady(_ ids: [ObjectID], _ waiter: Waiter) {
        var done: [ObjectID] = []
        step { owner, out in
            if ids.count > 1 { self.waiters.reserve(ids.count) }
            for id in ids {
                if owner.isFinished(id) {
                    done.append(id)
                } else {
                    self.waiters.add(id, waiter)
                    owner.watch(id, into: &out)
                }
            }
        }
        for id in done { waiter.body(id) }
    }

    func forget(_ ids: [ObjectID], _ waiter: Waiter) {
        lock.withLock { for id in ids { waiters.remove(id, waiter) } }
    }

    func hasFailed(_ id: ObjectID) -> Bool { look { $0.hasFailed(id) } }

    /// Where the first `count` finished objects stand. Ends with the last of them.
    func readyPositions(_ ids: [ObjectID], count: Int) -> [Int] {
        if count == 0 { return [] }
        var positions: [Int] = []
        look { owner in
            for (at, id) in ids.enumerated() where owner.isFinished(id) {
                positions.append(at)
                if positions.count == count { return }
            }
        }
        return positions
    }

    func unfinished(_ ids: [ObjectID]) -> [ObjectID] { look { owner in ids.filter { !owner.isFinished($0) } } }

    /// The first failure among these objects, and what is not finished.
    func survey(_ ids: [ObjectID]) -> (failed: ObjectID?, pending: [ObjectID]) {
        var pending: [ObjectID] = []
        let failed: ObjectID? = look { owner in
            for id in ids {
                guard owner.isFinished(id) else {
                    pending.append(id)
                    continue
                }
                if owner.hasFailed(id) { return id }
            }
            return nil
        }
        return (failed, pending)
    }

    package func prefetch(_ ids: [ObjectID]) {
        step { owner, out in
            for id in ids { owner.watch(id, into: &out) }
        }
    }

    package func cancel(_ id: ObjectID, force: Bool, recursive: Bool) async throws(RayflowError) {
        guard !force || id.task.actor.unique == 0 || id.handledActor != nil else {
            throw RayflowError(.invalidArgument, "cancel(force: true): a call of an actor shares its process with others; use kill(_:)")
        }
        step { owner, out in owner.cancel(id, force: force, recursive: recursive, into: &out) }
    }

    /// Names of other jobs do not meet those of this one.
    var ownNamespace: String { "\(identity.job)" }

    package func kill(_ actor: ActorID, restart: Bool) async throws(RayflowError) {
        step { owner, out in owner.kill(actor, noRestart: !restart, into: &out) }
    }

    package func keepAlive(_ object: any AnyObject & Sendable) { lock.withLock { kept = object } }

    package func shutDown() async {
        let body = lock.withLock { onShutDown }
        await body?()
        lock.withLock { kept = nil }
    }
}

/// What calls that share their options have in common.
private struct CallKind: Equatable, Sendable {
    let typeName: String
    let method: String
    let options: CallOptions

    init(_ call: ActorCall) {
        typeName = call.typeName
        method = call.method.name
        var options = call.options
        options.key = nil
        self.options = options
    }

    func shared() throws(RayflowError) -> SharedOptions {
        var spec = SpecOptions()
        spec.name = "\(typeName).\(method)"
        try options.apply(to: &spec)
        return SharedOptions(spec)
    }
}
