/// Rare branches that a good set of seeds reaches.
enum Probe: String, CaseIterable {
    case workerCrashed, workerCrashedInTask, nodeCrashed, nodeJoined, workerNeverStarted, frameDuplicated, connectionBroken
    case taskRetried, taskFailed, taskCancelled, taskTimedOut, pushedBehind, tasksReturned, blocked, spilledBack, leaseLost
    case actorRestarted, actorDied, actorKilled, actorFound, actorExited, actorCameBack, callRetried
    case gcsDied, gcsAskedAgain, nodeRejoined, creationAnsweredAgain
    case lostRequestLease, lostLeaseGranted, lostLeaseSpillback, lostReturnLease, lostCancelLease, lostLeaseLost, lostPushTask
    case lostTaskReply, lostTasksReturned, lostCancelTask, lostBlocked, lostRegisterWorker, lostGetObject, lostObjectReply
    case lostDeleteObjects, lostRegisterActor, lostActorReply, lostSubscribeActor, lostActorUpdate, lostKillActor
    case lostActorExiting, lostActorExitSeen, lostLookupActor, lostLookupReply, lostRegisterNode, lostNodeTable, lostResourceReport
    case lostActorOutOfScope, lostRestartActor
    case refKept, refMoved, refBorrowed, objectPulled, objectLost, taskRunAgain, ownerDied, getTimedOut
}
