import Ownership
import Rayflow
import RayflowCore

/// The executing side of a simulated worker. Its rules are those of the production Executor: one function at a time, others in a line that
/// goes back when the running one takes long or waits; an actor's calls in the order of each caller.
final class SimulatedExecutor {
    private struct Pushed {
        var push: PushTask
        var from: Address
    }

    private unowned let process: SimulatedProcess
    private var world: SimulatedWorld { process.world }
    private var raylet: Address { .raylet(of: process.node) }
    private var running: [TaskID: SimulatedBody] = [:]
    private var started = StartedTasks()
    private var order = PushOrder()
    private var line: [Pushed] = []
    private var current: TaskID?
    private var serial: UInt64 = 0
    private var isWatched = false
    private(set) var actor: SimulatedActor?
    /// How the constructor has ended.
    private var creation: (task: TaskID, outcome: TaskOutcome)?
    private var gauge = WaitGauge()
    /// Replies that wait until what this process keeps of the arguments is claimed.
    private var waitingReplies: [UInt64: () -> Void] = [:]

    init(_ process: SimulatedProcess) { self.process = process }

    func register() {
        let pid = UInt32(truncatingIfNeeded: process.address.entity)
        process.send(.registerWorker(RegisterWorker(process: process.address.entity, pid: pid)), to: raylet)
    }

    func die() {
        for body in running.values { world.ledger.died(body) }
        running = [:]
        waitingReplies = [:]
        line = []
        actor = nil
    }

    func disconnected(_ peer: Address) {
        if peer == raylet { world.kill(process.address) }
        actor?.event { $0.callerGone(peer, into: &$1) }
        order.forget(peer)
    }

    var isBusy: Bool { !running.isEmpty }

    // MARK: Tasks

    func push(_ m: PushTask, from: Address) {
        let known = running[m.spec.id]
        let isRepeated = m.spec.kind == .function ? !order.isNew(m, from: from) : started.contains(m.spec.id, m.spec.attempt)
        if known == nil, isRepeated {
            if let creation, creation.task == m.spec.id {
                world.sometimes(.creationAnsweredAgain)
                reply(m, to: from, creation.outcome)
            }
            return
        }
        if m.spec.kind == .actorCall { return call(m, from: from) }
        if let push = known?.push {
            if push.spec.attempt < m.spec.attempt { reply(m, to: from, .stale) }
            return
        }
        switch m.spec.kind {
        case .function: enqueue(Pushed(push: m, from: from))
        case .actorCreation:
            guard actor == nil else {
                return reply(m, to: from, .failed(ErrorRecord(.notRegistered, "there is an actor already"), isApplicationError: true))
            }
            actor = SimulatedActor(m, process: process, executor: self)
            process.step { owner, _, _ in owner.host(m.spec.id.actor, createdBy: m.spec.owner) }
            start(m, from: from)
        case .actorCall: break
        case .step: reply(m, to: from, .failed(ErrorRecord(.unsupported, "a worker runs no shell steps"), isApplicationError: true))
        }
    }

    private func call(_ m: PushTask, from: Address) {
        if let actor { return actor.event { $0.push(m, from: from, into: &$1) } }
        reply(m, to: from, .failed(ErrorRecord(.actorUnavailable, "the actor is not in this process"), isApplicationError: false))
    }

    func endActor(_ m: EndActor) { if m.actor == actor?.id { actor?.event { $0.drain("simulated", into: &$1) } } }
    func exitSeen(_ m: ActorExitSeen, from: Address) { actor?.event { $0.exitSeen(m.actor, from: from, into: &$1) } }

    private func enqueue(_ pushed: Pushed) {
        let id = pushed.push.spec.id
        guard current != nil else {
            current = id
            serial += 1
            return start(pushed.push, from: pushed.from)
        }
        world.sometimes(.pushedBehind)
        line.append(pushed)
        if !isWatched {
            isWatched = true
            watch(serial)
        }
    }

    private func watch(_ serial: UInt64) {
        process.after(RuntimeLimits.lineWaitNS) { [weak self] in self?.watched(serial) }
    }

    private func watched(_ serial: UInt64) {
        if self.serial == serial, current != nil {
            isWatched = false
            giveLineBack()
        } else if line.isEmpty {
            isWatched = false
        } else {
            watch(self.serial)
        }
    }

    private func giveLineBack() {
        var byLease: [(lease: LeaseID, to: Address, tasks: [TasksReturned.Item])] = []
        for pushed in line {
            let item = TasksReturned.Item(task: pushed.push.spec.id, attempt: pushed.push.spec.attempt)
            if let at = byLease.firstIndex(where: { $0.lease == pushed.push.lease }) {
                byLease[at].tasks.append(item)
            } else {
                byLease.append((pushed.push.lease, pushed.from, [item]))
            }
        }
        line = []
        for (lease, to, tasks) in byLease { process.send(.tasksReturned(TasksReturned(lease: lease, tasks: tasks)), to: to) }
    }

    func start(_ m: PushTask, from: Address) {
        let body = SimulatedBody(process, push: m, from: from)
        running[m.spec.id] = body
        if m.spec.kind != .function { started.insert(m.spec.id, m.spec.attempt) }
        world.ledger.started(body)
        body.begin()
    }

    /// The body has ended, with what it holds still held.
    func finished(_ body: SimulatedBody, _ m: PushTask, _ outcome: TaskOutcome, moved: [MovedObject], executionNS: UInt64) {
        running[m.spec.id] = nil
        world.ledger.ended(body)
        if body.wantsExit { actor?.event { $0.exit("simulated", into: &$1) } }
        let borrowed = body.borrowed.map(\.0)
        var delivery: UInt64 = 0, moved = moved, outcome = outcome
        if case .finished(var states) = outcome {
            delivery = process.step { owner, _, _ in owner.deliver(&states, moved: &moved, known: borrowed, to: body.from) }
            outcome = .finished(states)
        }
        body.releaseAll()
        let conclude = { [self, moved, outcome, delivery] in
            if m.spec.kind == .actorCreation, case .finished = outcome { actor?.event { $0.built(into: &$1) } }
            if m.spec.kind == .actorCall { actor?.event { $0.finished(m, outcome: nil, into: &$1) } }
            reply(m, to: body.from, outcome, moved: moved, delivery: delivery, executionNS: executionNS)
            if m.spec.kind == .actorCall { actor?.event { $0.answered(into: &$1) } }
        }
        if let ticket = process.step({ owner, _, out in owner.letGoArguments(borrowed, into: &out) }) {
            world.sometimes(.refKept)
            waitingReplies[ticket] = conclude
        } else {
            conclude()
        }
        guard m.spec.kind == .function else { return }
        guard !line.isEmpty else { return current = nil }
        let next = line.removeFirst()
        current = next.push.spec.id
        serial += 1
        start(next.push, from: next.from)
    }

    func mayReply(_ ticket: UInt64) { waitingReplies.removeValue(forKey: ticket)?() }

    func reply(
        _ m: PushTask, to: Address, _ outcome: TaskOutcome, moved: [MovedObject] = [], delivery: UInt64 = 0, executionNS: UInt64 = 0
    ) {
        if m.spec.kind == .actorCreation { creation = (m.spec.id, outcome) }
        process.send(
            .taskReply(
                TaskReply(
                    lease: m.lease, task: m.spec.id, attempt: m.spec.attempt, outcome: outcome, moved: moved, delivery: delivery,
                    executionNS: executionNS)), to: to)
    }

    func cancel(_ m: CancelTask) {
        if let body = running[m.task], body.push?.spec.attempt == m.attempt {
            if m.recursive { process.step { $0.cancelChildren(of: m.task, force: m.force, into: &$2) } }
            body.cancel()
            if m.force { world.kill(process.address) }
            return
        }
        if let at = line.firstIndex(where: { $0.push.spec.id == m.task && $0.push.spec.attempt == m.attempt }) {
            let pushed = line.remove(at: at)
            return reply(pushed.push, to: pushed.from, .cancelled)
        }
        actor?.event { $0.cancel(m.task, into: &$1) }
    }

    // MARK: Waiting

    func beginWaiting() {
        let wait = gauge.begin()
        process.after(RuntimeLimits.blockedAfterNS) { [weak self] in
            guard let self, actor == nil, gauge.isBlocked(since: wait) else { return }
            world.sometimes(.blocked)
            process.send(.blocked(Blocked(process: process.address.entity, isBlocked: true)), to: raylet)
        }
    }

    func endWaiting() {
        guard gauge.end(), gauge.isUnblocked() else { return }
        process.send(.blocked(Blocked(process: process.address.entity, isBlocked: false)), to: raylet)
    }
}
