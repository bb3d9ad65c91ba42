import RayflowCore

/// Frames of chosen kinds that get lost, each with its connection: on a connection that lives nothing is lost, as on a socket.
struct Losses {
    /// Kinds that a seed chooses from, requests and answers alike.
    private static let kinds: [(kind: UInt8, probe: Probe)] = [
        (RequestLease.kind, .lostRequestLease), (LeaseGranted.kind, .lostLeaseGranted), (LeaseSpillback.kind, .lostLeaseSpillback),
        (ReturnLease.kind, .lostReturnLease), (CancelLease.kind, .lostCancelLease), (LeaseLost.kind, .lostLeaseLost),
        (PushTask.kind, .lostPushTask), (TaskReply.kind, .lostTaskReply), (TasksReturned.kind, .lostTasksReturned),
        (CancelTask.kind, .lostCancelTask), (Blocked.kind, .lostBlocked), (RegisterWorker.kind, .lostRegisterWorker),
        (GetObject.kind, .lostGetObject), (ObjectReply.kind, .lostObjectReply), (DeleteObjects.kind, .lostDeleteObjects),
        (RegisterActor.kind, .lostRegisterActor), (ActorReply.kind, .lostActorReply), (SubscribeActor.kind, .lostSubscribeActor),
        (ActorUpdate.kind, .lostActorUpdate), (KillActor.kind, .lostKillActor), (ActorExiting.kind, .lostActorExiting),
        (ActorExitSeen.kind, .lostActorExitSeen), (LookupActor.kind, .lostLookupActor), (LookupReply.kind, .lostLookupReply),
        (RegisterNode.kind, .lostRegisterNode), (NodeTable.kind, .lostNodeTable), (ResourceReport.kind, .lostResourceReport),
        (ActorOutOfScope.kind, .lostActorOutOfScope), (RestartActor.kind, .lostRestartActor),
    ]

    /// Of these there are few.
    private static let rare = kinds.filter {
        [
            CancelTask.kind, KillActor.kind, ActorExiting.kind, ActorExitSeen.kind, ActorOutOfScope.kind, RestartActor.kind,
            TasksReturned.kind,
        ].contains($0.kind)
    }

    /// Frames of a kind that pass until one is lost.
    private var pending: [UInt8: UInt64] = [:]
    /// The one frame to be lost, among all that may be.
    private let only: Int?
    private(set) var frames = 0

    /// - Parameter only: loses that frame, counted from 1, instead of what is drawn; 0: none.
    init(_ world: SimulatedWorld, only: Int?) {
        self.only = only
        guard world.chance(70) else { return }
        for _ in 0..<world.draw(1...6) {
            let isRare = world.chance(50), kinds = isRare ? Self.rare : Self.kinds
            pending[kinds[Int(world.draw(0...UInt64(kinds.count - 1)))].kind] = isRare || world.chance(60) ? 0 : world.draw(1...15)
        }
    }

    /// Whether this frame, which may be lost, is.
    mutating func strikes(_ kind: UInt8, _ world: SimulatedWorld) -> Bool {
        frames += 1
        if let only { return only == frames }
        guard let left = pending[kind] else { return false }
        pending[kind] = left == 0 ? nil : left - 1
        guard left == 0 else { return false }
        if let probe = Self.kinds.first(where: { $0.kind == kind })?.probe { world.sometimes(probe) }
        return true
    }
}
