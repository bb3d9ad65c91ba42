/// One message of the protocol between drivers, workers, raylets and the GCS. One frame carries one message.
public protocol WireMessage: Sendable {
    /// Of the frame. Kinds with the high bit are those that carry much.
    static var kind: UInt8 { get }
    init(from reader: inout ByteReader) throws(DecodingFault)
    func write(to writer: inout ByteWriter)
}

extension WireMessage {
    public var body: [UInt8] {
        var writer = ByteWriter(reserving: 128)
        write(to: &writer)
        return writer.bytes
    }
}

/// Any message, for the Instances that receive several kinds. The large ones stand apart: lists of directives would copy them about.
public enum Message: Sendable {
    case registerWorker(RegisterWorker)
    case shutdownWorker(ShutdownWorker)
    case idleCheck(IdleCheck)
    case idleReply(IdleReply)
    indirect case pushTask(PushTask)
    indirect case taskReply(TaskReply)
    case tasksReturned(TasksReturned)
    case cancelTask(CancelTask)
    case blocked(Blocked)
    indirect case streamItem(StreamItem)
    case streamAck(StreamAck)
    indirect case requestLease(RequestLease)
    case leaseGranted(LeaseGranted)
    case leaseSpillback(LeaseSpillback)
    indirect case leaseRejected(LeaseRejected)
    case returnLease(ReturnLease)
    case cancelLease(CancelLease)
    indirect case leaseLost(LeaseLost)
    case createObject(CreateObject)
    indirect case createReply(CreateReply)
    case sealObject(SealObject)
    case abortObject(AbortObject)
    indirect case openObject(OpenObject)
    indirect case openReply(OpenReply)
    case cancelOpen(CancelOpen)
    case closeObject(CloseObject)
    case deleteObjects(DeleteObjects)
    case pullObject(PullObject)
    case pullAccepted(PullAccepted)
    indirect case pullFailed(PullFailed)
    case chunkTaken(ChunkTaken)
    case cancelPull(CancelPull)
    case getObject(GetObject)
    indirect case objectReply(ObjectReply)
    case objectLost(ObjectLost)
    case objectCopied(ObjectCopied)
    case copyDropped(CopyDropped)
    case cancelObject(CancelObject)
    case addBorrower(AddBorrower)
    case borrowersAdded(BorrowersAdded)
    case releaseBorrower(ReleaseBorrower)
    case refsSecured(RefsSecured)
    case actorOutOfScope(ActorOutOfScope)
    indirect case restartActor(RestartActor)
    indirect case objectChunk(ObjectChunk)
    case registerNode(RegisterNode)
    case resourceReport(ResourceReport)
    case nodeTable(NodeTable)
    indirect case registerActor(RegisterActor)
    indirect case actorReply(ActorReply)
    case subscribeActor(SubscribeActor)
    indirect case actorUpdate(ActorUpdate)
    indirect case lookupActor(LookupActor)
    indirect case lookupReply(LookupReply)
    case killActor(KillActor)
    indirect case actorExiting(ActorExiting)
    case actorExitSeen(ActorExitSeen)
    case endActor(EndActor)
    case jobEnded(JobEnded)
    case createPlacementGroup(CreatePlacementGroup)
    case removePlacementGroup(RemovePlacementGroup)
    case subscribePlacementGroup(SubscribePlacementGroup)
    indirect case placementGroupUpdate(PlacementGroupUpdate)
    case reserveBundles(ReserveBundles)
    case bundlesReserved(BundlesReserved)
    case settleBundles(SettleBundles)
    case bundlesSettled(BundlesSettled)
    case lookupPlacementGroup(LookupPlacementGroup)
    case placementGroupFound(PlacementGroupFound)
    case explainLease(ExplainLease)
    case leaseExplained(LeaseExplained)
    case pollChannel(PollChannel)
    indirect case channelMessages(ChannelMessages)
    indirect case gcsRequest(GCSRequest)
    indirect case gcsReply(GCSReply)
    case taskEvents(TaskEvents)
    case healthCheck(HealthCheck)
    case healthReply(HealthReply)
    indirect case adminRequest(AdminRequest)
    indirect case adminReply(AdminReply)
    case inspectMemory(InspectMemory)
    case memoryInspected(MemoryInspected)
    case journalRecords(JournalRecords)
    indirect case journalAck(JournalAck)

    /// Throws for an unknown kind and for bytes that are not exactly one message of that kind.
    public init(kind: UInt8, body: ArraySlice<UInt8>) throws(DecodingFault) {
        var reader = ByteReader(body)
        switch kind {
        case RegisterWorker.kind: self = .registerWorker(try RegisterWorker(from: &reader))
        case ShutdownWorker.kind: self = .shutdownWorker(try ShutdownWorker(from: &reader))
        case IdleCheck.kind: self = .idleCheck(try IdleCheck(from: &reader))
        case IdleReply.kind: self = .idleReply(try IdleReply(from: &reader))
        case PushTask.kind: self = .pushTask(try PushTask(from: &reader))
        case TaskReply.kind: self = .taskReply(try TaskReply(from: &reader))
        case TasksReturned.kind: self = .tasksReturned(try TasksReturned(from: &reader))
        case CancelTask.kind: self = .cancelTask(try CancelTask(from: &reader))
        case Blocked.kind: self = .blocked(try Blocked(from: &reader))
        case StreamItem.kind: self = .streamItem(try StreamItem(from: &reader))
        case StreamAck.kind: self = .streamAck(try StreamAck(from: &reader))
        case RequestLease.kind: self = .requestLease(try RequestLease(from: &reader))
        case LeaseGranted.kind: self = .leaseGranted(try LeaseGranted(from: &reader))
        case LeaseSpillback.kind: self = .leaseSpillback(try LeaseSpillback(from: &reader))
        case LeaseRejected.kind: self = .leaseRejected(try LeaseRejected(from: &reader))
        case ReturnLease.kind: self = .returnLease(try ReturnLease(from: &reader))
        case CancelLease.kind: self = .cancelLease(try CancelLease(from: &reader))
        case LeaseLost.kind: self = .leaseLost(try LeaseLost(from: &reader))
        case CreateObject.kind: self = .createObject(try CreateObject(from: &reader))
        case CreateReply.kind: self = .createReply(try CreateReply(from: &reader))
        case SealObject.kind: self = .sealObject(try SealObject(from: &reader))
        case AbortObject.kind: self = .abortObject(try AbortObject(from: &reader))
        case OpenObject.kind: self = .openObject(try OpenObject(from: &reader))
        case OpenReply.kind: self = .openReply(try OpenReply(from: &reader))
        case CancelOpen.kind: self = .cancelOpen(try CancelOpen(from: &reader))
        case CloseObject.kind: self = .closeObject(try CloseObject(from: &reader))
        case DeleteObjects.kind: self = .deleteObjects(try DeleteObjects(from: &reader))
        case PullObject.kind: self = .pullObject(try PullObject(from: &reader))
        case PullAccepted.kind: self = .pullAccepted(try PullAccepted(from: &reader))
        case PullFailed.kind: self = .pullFailed(try PullFailed(from: &reader))
        case ChunkTaken.kind: self = .chunkTaken(try ChunkTaken(from: &reader))
        case CancelPull.kind: self = .cancelPull(try CancelPull(from: &reader))
        case GetObject.kind: self = .getObject(try GetObject(from: &reader))
        case ObjectReply.kind: self = .objectReply(try ObjectReply(from: &reader))
        case ObjectLost.kind: self = .objectLost(try ObjectLost(from: &reader))
        case ObjectCopied.kind: self = .objectCopied(try ObjectCopied(from: &reader))
        case CopyDropped.kind: self = .copyDropped(try CopyDropped(from: &reader))
        case CancelObject.kind: self = .cancelObject(try CancelObject(from: &reader))
        case AddBorrower.kind: self = .addBorrower(try AddBorrower(from: &reader))
        case BorrowersAdded.kind: self = .borrowersAdded(try BorrowersAdded(from: &reader))
        case ReleaseBorrower.kind: self = .releaseBorrower(try ReleaseBorrower(from: &reader))
        case RefsSecured.kind: self = .refsSecured(try RefsSecured(from: &reader))
        case ActorOutOfScope.kind: self = .actorOutOfScope(try ActorOutOfScope(from: &reader))
        case RestartActor.kind: self = .restartActor(try RestartActor(from: &reader))
        case ObjectChunk.kind: self = .objectChunk(try ObjectChunk(from: &reader))
        case RegisterNode.kind: self = .registerNode(try RegisterNode(from: &reader))
        case ResourceReport.kind: self = .resourceReport(try ResourceReport(from: &reader))
        case NodeTable.kind: self = .nodeTable(try NodeTable(from: &reader))
        case RegisterActor.kind: self = .registerActor(try RegisterActor(from: &reader))
        case ActorReply.kind: self = .actorReply(try ActorReply(from: &reader))
        case SubscribeActor.kind: self = .subscribeActor(try SubscribeActor(from: &reader))
        case ActorUpdate.kind: self = .actorUpdate(try ActorUpdate(from: &reader))
        case LookupActor.kind: self = .lookupActor(try LookupActor(from: &reader))
        case LookupReply.kind: self = .lookupReply(try LookupReply(from: &reader))
        case KillActor.kind: self = .killActor(try KillActor(from: &reader))
        case ActorExiting.kind: self = .actorExiting(try ActorExiting(from: &reader))
        case ActorExitSeen.kind: self = .actorExitSeen(try ActorExitSeen(from: &reader))
        case EndActor.kind: self = .endActor(try EndActor(from: &reader))
        case JobEnded.kind: self = .jobEnded(try JobEnded(from: &reader))
        case CreatePlacementGroup.kind: self = .createPlacementGroup(try CreatePlacementGroup(from: &reader))
        case RemovePlacementGroup.kind: self = .removePlacementGroup(try RemovePlacementGroup(from: &reader))
        case SubscribePlacementGroup.kind: self = .subscribePlacementGroup(try SubscribePlacementGroup(from: &reader))
        case PlacementGroupUpdate.kind: self = .placementGroupUpdate(try PlacementGroupUpdate(from: &reader))
        case ReserveBundles.kind: self = .reserveBundles(try ReserveBundles(from: &reader))
        case BundlesReserved.kind: self = .bundlesReserved(try BundlesReserved(from: &reader))
        case SettleBundles.kind: self = .settleBundles(try SettleBundles(from: &reader))
        case BundlesSettled.kind: self = .bundlesSettled(try BundlesSettled(from: &reader))
        case LookupPlacementGroup.kind: self = .lookupPlacementGroup(try LookupPlacementGroup(from: &reader))
        case PlacementGroupFound.kind: self = .placementGroupFound(try PlacementGroupFound(from: &reader))
        case ExplainLease.kind: self = .explainLease(try ExplainLease(from: &reader))
        case LeaseExplained.kind: self = .leaseExplained(try LeaseExplained(from: &reader))
        case PollChannel.kind: self = .pollChannel(try PollChannel(from: &reader))
        case ChannelMessages.kind: self = .channelMessages(try ChannelMessages(from: &reader))
        case GCSRequest.kind: self = .gcsRequest(try GCSRequest(from: &reader))
        case GCSReply.kind: self = .gcsReply(try GCSReply(from: &reader))
        case TaskEvents.kind: self = .taskEvents(try TaskEvents(from: &reader))
        case HealthCheck.kind: self = .healthCheck(try HealthCheck(from: &reader))
        case HealthReply.kind: self = .healthReply(try HealthReply(from: &reader))
        case AdminRequest.kind: self = .adminRequest(try AdminRequest(from: &reader))
        case AdminReply.kind: self = .adminReply(try AdminReply(from: &reader))
        case InspectMemory.kind: self = .inspectMemory(try InspectMemory(from: &reader))
        case MemoryInspected.kind: self = .memoryInspected(try MemoryInspected(from: &reader))
        case JournalRecords.kind: self = .journalRecords(try JournalRecords(from: &reader))
        case JournalAck.kind: self = .journalAck(try JournalAck(from: &reader))
        default: throw DecodingFault("unknown kind of message \(kind)", at: 0)
        }
        try reader.finish()
    }

    /// Kind and body. What is sent for every task needs no box for it.
    public var encoded: (kind: UInt8, body: [UInt8]) {
        if case .pushTask(let message) = self { return (PushTask.kind, message.body) }
        let wire = wire
        return (type(of: wire).kind, wire.body)
    }

    public var wire: any WireMessage {
        switch self {
        case .registerWorker(let message): message
        case .shutdownWorker(let message): message
        case .idleCheck(let message): message
        case .idleReply(let message): message
        case .pushTask(let message): message
        case .taskReply(let message): message
        case .tasksReturned(let message): message
        case .cancelTask(let message): message
        case .blocked(let message): message
        case .streamItem(let message): message
        case .streamAck(let message): message
        case .requestLease(let message): message
        case .leaseGranted(let message): message
        case .leaseSpillback(let message): message
        case .leaseRejected(let message): message
        case .returnLease(let message): message
        case .cancelLease(let message): message
        case .leaseLost(let message): message
        case .createObject(let message): message
        case .createReply(let message): message
        case .sealObject(let message): message
        case .abortObject(let message): message
        case .openObject(let message): message
        case .openReply(let message): message
        case .cancelOpen(let message): message
        case .closeObject(let message): message
        case .deleteObjects(let message): message
        case .pullObject(let message): message
        case .pullAccepted(let message): message
        case .pullFailed(let message): message
        case .chunkTaken(let message): message
        case .cancelPull(let message): message
        case .getObject(let message): message
        case .objectReply(let message): message
        case .objectLost(let message): message
        case .objectCopied(let message): message
        case .copyDropped(let message): message
        case .cancelObject(let message): message
        case .addBorrower(let message): message
        case .borrowersAdded(let message): message
        case .releaseBorrower(let message): message
        case .refsSecured(let message): message
        case .actorOutOfScope(let message): message
        case .restartActor(let message): message
        case .objectChunk(let message): message
        case .registerNode(let message): message
        case .resourceReport(let message): message
        case .nodeTable(let message): message
        case .registerActor(let message): message
        case .actorReply(let message): message
        case .subscribeActor(let message): message
        case .actorUpdate(let message): message
        case .lookupActor(let message): message
        case .lookupReply(let message): message
        case .killActor(let message): message
        case .actorExiting(let message): message
        case .actorExitSeen(let message): message
        case .endActor(let message): message
        case .jobEnded(let message): message
        case .createPlacementGroup(let message): message
        case .removePlacementGroup(let message): message
        case .subscribePlacementGroup(let message): message
        case .placementGroupUpdate(let message): message
        case .reserveBundles(let message): message
        case .bundlesReserved(let message): message
        case .settleBundles(let message): message
        case .bundlesSettled(let message): message
        case .lookupPlacementGroup(let message): message
        case .placementGroupFound(let message): message
        case .explainLease(let message): message
        case .leaseExplained(let message): message
        case .pollChannel(let message): message
        case .channelMessages(let message): message
        case .gcsRequest(let message): message
        case .gcsReply(let message): message
        case .taskEvents(let message): message
        case .healthCheck(let message): message
        case .healthReply(let message): message
        case .adminRequest(let message): message
        case .adminReply(let message): message
        case .inspectMemory(let message): message
        case .memoryInspected(let message): message
        case .journalRecords(let message): message
        case .journalAck(let message): message
        }
    }
}
