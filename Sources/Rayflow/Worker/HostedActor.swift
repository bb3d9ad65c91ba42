import Ownership
import RayflowCore
import Transport

/// A running call of an actor waits for a call of the same actor.
struct OwnWait: Hashable, Sendable {
    var task: TaskID
    var call: TaskID
}

/// The actor of this process: carries out what its ``ActorInstance`` decides, and journals before it replies.
///
/// The Instance stands behind a lock: a call that has ended starts the next one from its own thread, without a turn of the loop.
final class HostedActor: @unchecked Sendable {
    let id: ActorID
    let lineage: LineageID
    /// Where calls run: one thread, or as many as may run at a time.
    let threads: any TaskExecutor
    /// One call runs at a time.
    let isSequential: Bool
    private let name: String
    private unowned let executor: Executor
    private let lock = Lock()
    private var instance: ActorInstance
    private var outbox: [ActorInstance.Directive] = []
    /// A thread carries directives out, in order: others leave theirs to it.
    private var isDraining = false
    private var host: (any ActorHost)?
    /// Calls whose time was over, with what their callers were told; they still run.
    private var late: [TaskID: TaskOutcome] = [:]
    /// How to stop waits of running calls for calls of this actor.
    private var waits: [OwnWait: @Sendable () -> Void] = [:]
    /// Calls that have their arguments and wait for their place.
    private var halted: [TaskID: CheckedContinuation<Void, Never>] = [:]

    /// - Parameter isParallel: whether bodies may run in several threads.
    init(
        id: ActorID, spec: TaskSpec, typeName: String, isParallel: Bool, thread: any TaskExecutor, executor: Executor,
        logged calls: [LoggedCall]
    ) {
        self.id = id
        lineage = spec.lineage
        name = typeName
        self.executor = executor
        instance = ActorInstance(
            limit: Int(clamping: spec.sequence), groups: spec.options.groups,
            logged: Dictionary(calls.map { ($0.lineage, $0.outcome) }) { _, last in last })
        isSequential = instance.concurrency == 1
        let width = min(instance.concurrency, RuntimeLimits.actorThreads)
        threads = isParallel && width > 1 ? ThreadPoolExecutor(width: width) : thread
    }

    /// From the task thread: the constructor and the logged calls have run.
    func install(_ host: any ActorHost) { lock.withLock { self.host = host } }

    // MARK: Events, from any thread

    func built() { event { $0.built(into: &$1) } }
    func enqueue(_ m: PushTask, from: Address) { event { $0.push(m, from: from, into: &$1) } }
    func cancel(_ task: TaskID) { event { $0.cancel(task, into: &$1) } }
    func callerGone(_ peer: Address) { event { $0.callerGone(peer, into: &$1) } }
    func exit() { event { [name] in $0.exit(name, into: &$1) } }
    func drain() { event { [name] in $0.drain(name, into: &$1) } }
    func exitSeen(_ actor: ActorID, from: Address) { event { $0.exitSeen(actor, from: from, into: &$1) } }
    /// - Parameter stop: called if the wait turns out to be endless later.
    func wait(_ wait: OwnWait, group: String?, stop: @escaping @Sendable () -> Void) -> Bool {
        lock.withLock {
            if instance.wait(wait.task, for: wait.call, group: group) { return true }
            waits[wait] = stop
            return false
        }
    }

    /// An argument of a running call is lost: `body` waits for it without holding up the calls that make it again.
    func aside<Value>(_ m: PushTask, _ body: () async throws -> Value) async throws -> Value {
        event { $0.halt(m, into: &$1) }
        let value = try await body()
        await withCheckedContinuation { continuation in
            lock.withLock { halted[m.spec.id] = continuation }
            event { $0.complete(m, into: &$1) }
        }
        try Task.checkCancellation()
        return value
    }

    func endWait(_ wait: OwnWait) {
        lock.withLock {
            waits[wait] = nil
            instance.endWait(wait.task, for: wait.call)
        }
    }

    private func event(_ body: (inout ActorInstance, inout [ActorInstance.Directive]) -> Void) {
        var directives: [ActorInstance.Directive] = lock.withLock {
            body(&instance, &outbox)
            return isDraining ? [] : takeOutbox()
        }
        while !directives.isEmpty {
            for directive in directives { carryOut(directive) }
            directives = lock.withLock { takeOutbox() }
        }
    }

    /// Under the lock: what is to be carried out next, by the caller alone until this is empty.
    private func takeOutbox() -> [ActorInstance.Directive] {
        isDraining = !outbox.isEmpty
        defer { outbox = [] }
        return outbox
    }

    private func carryOut(_ directive: ActorInstance.Directive) {
        switch directive {
        case .start(let m, let from): start(m, from: from)
        case .reply(let m, let to, let outcome): executor.answer(m, to: to, outcome)
        case .send(let message, let to): executor.core.post(message, to: to)
        case .startExitTimer(let delay):
            executor.core.loop.scheduleTimer(afterNanoseconds: delay) { [weak self] in self?.event { $0.exitExpired(into: &$1) } }
        case .goOn(let task): lock.withLock { halted.removeValue(forKey: task) }?.resume()
        case .deadlock(let task, let call):
            let stop = lock.withLock { waits[OwnWait(task: task, call: call)] }
            stop?()
        case .leave(let error):
            // Said by itself: the GCS must not take the end of the process for a crash.
            executor.core.execute { [executor, id] in
                executor.core.send(.actorExiting(ActorExiting(actor: id, error: error)), to: .gcs)
                executor.core.network.flush()
            }
        }
    }

    // MARK: Calls

    private func start(_ m: PushTask, from: Address) {
        guard let host = lock.withLock({ host }) else { return }
        let member = Int(m.spec.function.index)
        executor.run(m, from: from, host: host) { call in
            try await host.invoke(member: member, call)
        } finished: { [self] arguments, outcome, moved, executionNS in
            finish(m, from, arguments, outcome, moved, executionNS)
        }
        guard m.spec.options.timeoutMS > 0 else { return }
        executor.core.loop.scheduleTimer(afterNanoseconds: m.spec.options.timeoutMS &* 1_000_000) { [weak self] in self?.timeOut(m, from) }
    }

    /// The caller hears at once; the body is asked to end, and its place is free when it has ended.
    private func timeOut(_ m: PushTask, _ from: Address) {
        let error = ErrorRecord(.taskTimeout, "\(m.spec.options.name) took longer than \(m.spec.options.timeoutMS) ms")
        let outcome = TaskOutcome.failed(error, isApplicationError: true)
        let isLate = lock.withLock {
            guard instance.isRunning(m.spec.id, m.spec.attempt), late[m.spec.id] == nil else { return false }
            late[m.spec.id] = outcome
            return true
        }
        guard isLate else { return }
        executor.cancel(CancelTask(task: m.spec.id, attempt: m.spec.attempt, force: false))
        executor.answer(m, to: from, outcome)
    }

    /// Journaled in the order executed, and committed, before the result is released.
    private func finish(
        _ m: PushTask, _ from: Address, _ arguments: [Payload], _ outcome: TaskOutcome, _ moved: [MovedObject], _ executionNS: UInt64
    ) {
        let told = lock.withLock { late.removeValue(forKey: m.spec.id) }
        if told != nil {
            executor.withdraw(m)
            executor.discard(outcome, of: m.spec)
        }
        let outcome = told ?? outcome, moved = told == nil ? moved : []
        guard let log = executor.core.log, executor.core.identity.isDurable, !m.spec.lineage.isNone else {
            if told == nil { executor.answer(m, to: from, outcome, moved: moved, executionNS: executionNS) }
            return event {
                $0.finished(m, outcome: nil, into: &$1)
                $0.answered(into: &$1)
            }
        }
        let release = { @Sendable [self] (outcome: TaskOutcome) in
            if told == nil { executor.answer(m, to: from, outcome, moved: moved, executionNS: executionNS) }
            event { $0.answered(into: &$1) }
        }
        // The record outlives shared memory, so a large result stands in it by value. Meanwhile no later call may overtake it.
        inline(outcome, of: m.spec) { [self] lasting in
            guard let lasting else {
                // Lost between the end of the call and its record.
                let error = RayflowError(.objectLost, "the result of \(m.spec.options.name) was lost before it was on record")
                event { $0.finished(m, outcome: nil, into: &$1) }
                executor.withdraw(m)
                return release(.failed(ErrorRecord(error), isApplicationError: false))
            }
            let call = LoggedCall(lineage: m.spec.lineage, method: m.spec.function, arguments: arguments, outcome: lasting)
            log.append(.actorCall(actor: lineage, call: call)) { [executor] isCommitted in
                // A result that is not on record is never released: the run ends with the journal.
                guard isCommitted else { return }
                executor.core.loop.execute { release(outcome) }
            }
            event { $0.finished(m, outcome: outcome, into: &$1) }
        }
    }

    /// The outcome with every result by value, or nil when one is lost; `body` runs on the loop, at once when nothing lies in shared memory.
    private func inline(_ outcome: TaskOutcome, of spec: TaskSpec, _ body: @escaping @Sendable (TaskOutcome?) -> Void) {
        guard case .finished(let states) = outcome,
            let at = states.firstIndex(where: \.isStored),
            case .stored(let nodes, let size, _, let origins) = states[at]
        else { return body(outcome) }
        let core = executor.core
        core.objects.open(spec.result(at), owner: core.address, nodes: nodes, size: size, through: core) { [self] opened in
            guard case .success(let mapped) = opened else { return body(nil) }
            var states = states
            states[at] = .inline(EnclosedPayload(mapped.payload, origins: origins))
            inline(.finished(states), of: spec, body)
        }
    }
}
