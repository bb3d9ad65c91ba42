import Ownership
import RayflowCore

// A call that waits for a call of its own actor.
extension CoreWorker {
    enum OwnWait {
        case none
        /// Noted with the actor until the wait is over.
        case begun(TaskID, group: String?)
        case deadlock(ErrorRecord)
    }

    func ownWait(for id: ObjectID) async -> OwnWait {
        guard let context = TaskContext.current, let host = context.host, context.cluster.engine === self, id.task.actor == host.id,
            id.handledActor == nil, let executor
        else { return .none }
        let group = step { owner, _ in owner.group(ofCall: id) }
        guard executor.isDeadlock(context.task, waitingForCallIn: group) else { return .begun(context.task, group: group) }
        return .deadlock(
            ErrorRecord(
                .deadlock,
                "\(context.name) waits for a call of its own actor that cannot start before this one ends: return the ref instead, or give "
                    + "the actor a higher maxConcurrency", task: context.name, attempt: context.attempt, node: "\(context.node)"))
    }
}
