import Ownership
import RayflowCore

/// What a simulation knows of all tasks, whoever owns or runs them, and what must hold for them.
final class Ledger {
    private struct Submission {
        let spec: TaskSpec
        let owner: Address
        /// Among the calls of this owner to this actor.
        let place: Int
        var hasEnded = false
        var starts = 0
    }
    private struct Line: Hashable {
        let caller: Address
        let actor: ActorID
        let worker: Address
    }
    private struct Caller: Hashable {
        let owner: Address
        let actor: ActorID
    }

    private unowned let world: SimulatedWorld
    private var submissions: [TaskID: Submission] = [:]
    private var places: [Caller: Int] = [:]
    private var lastStarted: [Line: Int] = [:]
    /// Attempts under way, by task.
    private var running: [TaskID: (attempt: Attempt, at: Address)] = [:]
    private var actors: [ActorID: ActorSpecOptions] = [:]
    private var creators: [ActorID: Address] = [:]
    private(set) var faults: [String] = []

    init(_ world: SimulatedWorld) { self.world = world }

    func fault(_ text: String) { faults.append(text) }

    func made(_ actor: ActorID, _ options: ActorSpecOptions, by creator: Address) {
        actors[actor] = options
        creators[actor] = creator
    }
    func creator(of actor: ActorID) -> Address? { creators[actor] }

    func submitted(_ spec: TaskSpec, owner: Address) {
        let caller = Caller(owner: owner, actor: spec.id.actor)
        submissions[spec.id] = Submission(spec: spec, owner: owner, place: places[caller, default: 0])
        places[caller, default: 0] += 1
    }

    // MARK: Owners

    func changed(_ change: TaskChange, owner: Address) {
        switch change.state {
        case .queued, .running, .reused: return
        case .retrying(let error):
            if submissions[change.task]?.hasEnded == true {
                // Only for a result that was lost.
                if error.code != .objectLost { fault("task \(change.task), which had ended, runs again after \(error)") }
                submissions[change.task]?.hasEnded = false
                world.sometimes(.taskRunAgain)
            }
            world.sometimes(change.task.actor.isNone ? .taskRetried : .callRetried)
            return
        case .finished: break
        case .failed(let error):
            if error.code == .taskTimeout { world.sometimes(.taskTimedOut) }
            if error.code == .actorDied { world.sometimes(.actorDied) }
            world.sometimes(.taskFailed)
        case .cancelled: world.sometimes(.taskCancelled)
        }
        guard let known = submissions[change.task] else { return }
        if known.owner != owner { fault("task \(change.task) of \(known.owner) ended at \(owner)") }
        if known.hasEnded { fault("task \(change.task) ended twice, now as \(change.state)") }
        submissions[change.task]?.hasEnded = true
    }

    // MARK: Workers

    func started(_ body: SimulatedBody) {
        guard let spec = body.push?.spec else { return }
        let worker = body.process.address
        if let other = running[spec.id], spec.kind != .actorCreation {
            fault("attempt \(spec.attempt.number) of task \(spec.id) starts at \(worker) while \(other.attempt.number) runs at \(other.at)")
        }
        running[spec.id] = (spec.attempt, worker)
        guard let known = submissions[spec.id] else { return }
        submissions[spec.id]?.starts += 1
        let starts = known.starts + 1
        if spec.kind == .actorCall {
            let options = actors[spec.id.actor]
            if options?.maxTaskRetries == 0, options?.getIfExists == false, starts > 1 {
                fault("call \(spec.id), which may run once, starts for the \(starts)th time at \(worker)")
            }
            guard spec.attempt.number == 1 else { return }
            let line = Line(caller: known.owner, actor: spec.id.actor, worker: worker)
            if let last = lastStarted[line], last > known.place {
                fault("call \(known.place) of \(known.owner) to actor \(spec.id.actor) starts after call \(last)")
            }
            lastStarted[line] = known.place
        } else if known.spec.options.maxRetries >= 0, starts > Self.mostStarts(known.spec.options.maxRetries) {
            fault("task \(spec.id) with \(known.spec.options.maxRetries) retries starts for the \(starts)th time")
        }
    }

    /// One more than it is charged for, if it stood in a line when its worker died: it may have begun while the reply of the one before it was
    /// lost. What has no retry left never stands in one.
    private static func mostStarts(_ maxRetries: Int32) -> Int { maxRetries == 0 ? 1 : Int(maxRetries) + 2 }

    func ended(_ body: SimulatedBody) {
        guard let id = body.push?.spec.id, running[id]?.at == body.process.address else { return }
        running[id] = nil
    }

    func died(_ body: SimulatedBody) { ended(body) }

    // MARK: The end

    /// Tasks whose owner still waits for them.
    var open: [String] {
        submissions.values.filter { !$0.hasEnded && world.processes[$0.owner]?.isAlive == true }
            .sorted { $0.spec.id.unique < $1.spec.id.unique }
            .map { "\($0.spec.kind) \($0.spec.id) of \($0.owner) has not ended (started \($0.starts) times)" }
    }
}
