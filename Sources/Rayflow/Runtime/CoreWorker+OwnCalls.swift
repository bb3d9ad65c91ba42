import Ownership
import RayflowCore

// A call that waits for a call of its own actor.
extension CoreWorker {
    enum OwnWaiting {
        case none
        /// Noted with the actor until the wait is over.
        case begun(OwnWait)
        case deadlock
    }

    /// - Parameter stop: called if the wait turns out to be endless later.
    func ownWait(for id: ObjectID, stop: @escaping @Sendable () -> Void) async -> OwnWaiting {
        guard let context = TaskContext.current, let host = context.host, context.cluster.engine === self, id.task.actor == host.id,
            id.handledActor == nil, let executor
        else { return .none }
        let group = step { owner, _ in owner.group(ofCall: id) }
        let wait = OwnWait(task: context.task, call: id.task)
        return executor.isDeadlock(wait, group: group, stop: stop) ? .deadlock : .begun(wait)
    }

    var deadlock: ErrorRecord {
        let context = TaskContext.current
        let text =
            "\(context?.name ?? "the call") waits for a call of its own actor that cannot start before this one ends: return the ref "
            + "instead, or give the actor a higher maxConcurrency"
        return ErrorRecord(.deadlock, text, task: context?.name, attempt: context?.attempt ?? 0, node: context.map { "\($0.node)" })
    }
}
