import RayflowCore
import Transport

/// The actor of this process: takes calls in each caller's order, runs up to its limit at a time, journals before it replies.
///
/// Confined to the loop.
final class HostedActor: @unchecked Sendable {
    let id: ActorID
    let lineage: LineageID
    private unowned let executor: Executor
    private var host: (any ActorHost)?
    private struct Caller {
        var next: UInt64 = 0
        var early: [UInt64: PushTask] = [:]
    }
    /// A process may know the actor by several ids (an alias, an id of an earlier epoch): each has an order of its own.
    private struct Line: Hashable {
        var caller: Address
        var actor: ActorID
    }
    private var callers: [Line: Caller] = [:]
    private var ready: [(PushTask, Address)] = []
    private var running = 0
    private let lock = Lock()
    /// Calls that earlier epochs or incarnations have finished: answered, never run again.
    private var logged: [LineageID: TaskOutcome]

    init(id: ActorID, lineage: LineageID, executor: Executor, logged calls: [LoggedCall]) {
        self.id = id
        self.lineage = lineage
        self.executor = executor
        logged = [:]
        for call in calls { logged[call.lineage] = call.outcome }
    }

    /// From the task thread: the constructor and the logged calls have run.
    func install(_ host: any ActorHost) { lock.withLock { self.host = host } }

    func enqueue(_ m: PushTask, from: Address) {
        let line = Line(caller: from, actor: m.spec.id.actor)
        var caller = callers[line] ?? Caller()
        caller.early[m.spec.sequence] = m
        while let next = caller.early.removeValue(forKey: caller.next) {
            caller.next += 1
            ready.append((next, from))
        }
        callers[line] = caller
        serve()
    }

    func cancel(_ task: TaskID) {
        guard let at = ready.firstIndex(where: { $0.0.spec.id == task }) else { return }
        let (m, from) = ready.remove(at: at)
        executor.reply(m, to: from, .cancelled)
    }

    private func serve() {
        while running < executor.actorConcurrency, !ready.isEmpty {
            let (m, from) = ready.removeFirst()
            if let outcome = logged[m.spec.lineage], !m.spec.lineage.isNone {
                executor.reply(m, to: from, outcome)
                continue
            }
            guard let host = lock.withLock({ host }) else {
                let error = RayflowError(.actorUnavailable, "the actor is still being made")
                executor.reply(m, to: from, .failed(ErrorRecord(error), isApplicationError: false))
                continue
            }
            running += 1
            let member = Int(m.spec.function.index)
            executor.run(m, from: from, host: host) { call in
                try await host.invoke(member: member, call)
            } finished: { [self] arguments, outcome, moved, executionNS in
                finish(m, from, arguments, outcome, moved, executionNS)
            }
        }
    }

    /// Journaled in the order executed, and committed, before the result is released.
    private func finish(
        _ m: PushTask, _ from: Address, _ arguments: [Payload], _ outcome: TaskOutcome, _ moved: [MovedObject], _ executionNS: UInt64
    ) {
        running -= 1
        guard let log = executor.core.log, executor.core.identity.isDurable, !m.spec.lineage.isNone else {
            executor.reply(m, to: from, outcome, moved: moved, executionNS: executionNS)
            return serve()
        }
        // The record outlives shared memory, so a large result stands in it by value. Meanwhile no later call may overtake it.
        inline(outcome, of: m.spec) { [self] lasting in
            guard let lasting else {
                // Lost between the end of the call and its record.
                let error = ErrorRecord(RayflowError(.objectLost, "the result of \(m.spec.options.name) was lost before it was on record"))
                executor.reply(m, to: from, .failed(error, isApplicationError: false))
                return serve()
            }
            let call = LoggedCall(lineage: m.spec.lineage, method: m.spec.function, arguments: arguments, outcome: lasting)
            logged[m.spec.lineage] = outcome
            log.append(.actorCall(actor: lineage, call: call)) { [executor] isCommitted in
                // A result that is not on record is never released: the run ends with the journal.
                guard isCommitted else { return }
                executor.core.loop.execute { executor.reply(m, to: from, outcome, moved: moved, executionNS: executionNS) }
            }
            serve()
        }
    }

    /// The outcome with every result by value, or nil when one is lost; `body` runs on the loop, at once when nothing lies in shared memory.
    private func inline(_ outcome: TaskOutcome, of spec: TaskSpec, _ body: @escaping @Sendable (TaskOutcome?) -> Void) {
        guard case .finished(let states) = outcome,
            let at = states.firstIndex(where: { if case .stored = $0 { true } else { false } }),
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
