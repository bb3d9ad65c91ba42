import Ownership
import RayflowCore

/// The shell of the actor of a simulated worker.
final class SimulatedActor {
    let id: ActorID
    private let process: SimulatedProcess
    private unowned let executor: SimulatedExecutor
    private var instance: ActorInstance
    private var outbox: [ActorInstance.Directive] = []
    private var isDraining = false
    /// Calls that have their arguments and wait for their place.
    private var halted: [TaskID: () -> Void] = [:]
    /// It has said its last word.
    private(set) var hasLeft = false

    init(_ m: PushTask, process: SimulatedProcess, executor: SimulatedExecutor) {
        id = m.spec.id.actor
        self.process = process
        self.executor = executor
        instance = ActorInstance(limit: Int(clamping: m.spec.sequence), groups: m.spec.options.groups)
    }

    func event(_ body: (inout ActorInstance, inout [ActorInstance.Directive]) -> Void) {
        body(&instance, &outbox)
        guard !isDraining else { return }
        isDraining = true
        while !outbox.isEmpty {
            let directives = outbox
            outbox = []
            for directive in directives where process.isAlive { carryOut(directive) }
        }
        isDraining = false
    }

    func halt(_ m: PushTask) { event { $0.halt(m, into: &$1) } }
    func complete(_ m: PushTask, _ body: @escaping () -> Void) {
        halted[m.spec.id] = body
        event { $0.complete(m, into: &$1) }
    }

    private func carryOut(_ directive: ActorInstance.Directive) {
        switch directive {
        case .start(let m, let from): executor.start(m, from: from)
        case .reply(let m, let to, let outcome): executor.reply(m, to: to, outcome)
        case .send(let message, let to): process.send(message, to: to)
        case .startExitTimer(let delay): process.after(delay) { [weak self] in self?.event { $0.exitExpired(into: &$1) } }
        case .goOn(let task): halted.removeValue(forKey: task)?()
        case .deadlock: break  // simulated bodies never wait for their own actor
        case .leave(let error):
            hasLeft = true
            process.send(.actorExiting(ActorExiting(actor: id, error: error)), to: .gcs)
        }
    }
}
