import RayflowCore

/// One of each message and record, with every optional part present once and absent once.
enum WireSamples {
    static let job = JobID(0x0A0B_0C0D)
    static let actor = ActorID(unique: 0x1122_3344_5566_7788, salt: 0x99AA_BBCC, job: job)
    static let task = TaskID(unique: 0x0102_0304_0506_0708, actor: actor)
    static let object = ObjectID(task: task, index: 1)
    static let lineage = LineageID(high: 0xF0F1_F2F3_F4F5_F6F7, low: 0xE0E1_E2E3_E4E5_E6E7)
    static let attempt = Attempt(epoch: 3, number: 2)
    static let node = NodeID(0xC0C1_C2C3_C4C5_C6C7)
    static let process = Address.process(id: 0xD0D1_D2D3_D4D5_D6D7, on: node)
    static let lease = LeaseID(owner: 0xA0A1_A2A3_A4A5_A6A7, number: 5)
    static let place = ObjectPlace(slot: 6, generation: 7, offset: 8, size: 9)
    static let function = FunctionReference(index: 4, name: "add(x:y:)", version: 2)
    static let payload = Payload(type: "Int", bytes: [1, 2, 3], refs: [object])
    static let enclosed = EnclosedPayload(payload, origins: [RefOrigin(owner: process, lineage: lineage)])
    static let error = ErrorRecord(
        .taskFailed, "no", task: "add", attempt: 2, node: "n", remoteType: "T", log: "l", typed: Payload(json: ["a": 1]), chain: "c")
    static let bareError = ErrorRecord(.objectLost, "gone")

    static var resources: ResourceSet {
        var set = ResourceSet.cpus(2)
        set["special"] = 5_000
        return set
    }
    static var options: SpecOptions {
        var options = SpecOptions()
        options.resources = resources
        options.maxRetries = -1
        options.retryRule = .types(["Demo.Overdrawn"])
        options.timeoutMS = 1_500
        options.priority = -2
        options.name = "shown"
        options.environment = (try? RuntimeEnvironment(["B": "2", "A": "1"])) ?? .none
        options.hasSideEffects = true
        options.groups = [CallGroup(name: "io", limit: 4)]
        return options
    }
    static var actorOptions: ActorSpecOptions {
        var options = ActorSpecOptions()
        options.name = "hits"
        options.namespace = "ns"
        options.typeName = "Demo.Counter"
        options.maxRestarts = 3
        options.maxTaskRetries = -1
        options.maxConcurrency = 100
        options.getIfExists = true
        options.maxPendingCalls = 1_000
        options.isDetached = true
        return options
    }
    static var spec: TaskSpec {
        TaskSpec(
            id: task, attempt: attempt, lineage: lineage, kind: .actorCall, function: function, owner: process,
            arguments: [.value(enclosed), .ref(object, owner: process), .gather([.ref(object, owner: .gcs), .gather([])])],
            resultCount: 2, options: options, sequence: 11)
    }
    static var plainSpec: TaskSpec {
        TaskSpec(
            id: task, attempt: attempt, lineage: .none, kind: .function, function: function, owner: process, arguments: [], resultCount: 1)
    }
    static let stored = ObjectState.stored(
        nodes: [node, NodeID(2)], size: 1 << 33, refs: [object], origins: [RefOrigin(owner: .gcs, lineage: .none)])
    static let states: [ObjectState] = [.inline(enclosed), stored, .failed(error)]
    static let resolved = ResolvedDependency(id: object, owner: process, state: stored)
    static let call = LoggedCall(lineage: lineage, method: function, arguments: [payload], outcome: .finished([.inline(enclosed)]))
    static let nodeInfo = NodeInfo(
        node: node, raylet: .raylet(of: node), total: resources, available: .cpus(1), isAlive: true, labels: ["zone": "a"])
    static let deadNode = NodeInfo(
        node: NodeID(2), raylet: .raylet(of: NodeID(2)), total: resources, available: ResourceSet(), isAlive: false)

    static let messages: [(name: String, message: Message)] =
        placement + [
            ("registerWorker", .registerWorker(RegisterWorker(process: 1, pid: 2))),
            ("shutdownWorker", .shutdownWorker(ShutdownWorker())),
            ("idleCheck", .idleCheck(IdleCheck())),
            ("idleReply", .idleReply(IdleReply(process: 1, isUnused: true))),
            (
                "pushTask",
                .pushTask(
                    PushTask(
                        lease: lease, spec: spec, resolved: [resolved], history: [HistoryEntry(lineage: lineage, states: states)],
                        replay: [call]))
            ),
            ("pushPlainTask", .pushTask(PushTask(lease: lease, spec: plainSpec, resolved: [], history: [], replay: []))),
            (
                "taskReply",
                .taskReply(
                    TaskReply(
                        lease: lease, task: task, attempt: attempt, outcome: .finished(states),
                        moved: [MovedObject(id: object, lineage: lineage, state: stored)], delivery: 7, executionNS: 12))
            ),
            ("taskFailed", .taskReply(reply(.failed(bareError, isApplicationError: true)))),
            ("taskCancelled", .taskReply(reply(.cancelled))),
            ("taskStale", .taskReply(reply(.stale))),
            ("tasksReturned", .tasksReturned(TasksReturned(lease: lease, tasks: [.init(task: task, attempt: attempt)]))),
            ("cancelTask", .cancelTask(CancelTask(task: task, attempt: attempt, force: true))),
            (
                "streamItem",
                .streamItem(
                    StreamItem(
                        task: task, attempt: attempt, number: 3, state: .inline(EnclosedPayload(Payload(type: "Int", bytes: [5]))),
                        moved: []))
            ),
            ("streamAck", .streamAck(StreamAck(task: task, attempt: attempt, taken: 3, isClosed: true))),
            ("blocked", .blocked(Blocked(process: 1, isBlocked: true))),
            (
                "requestLease",
                .requestLease(
                    RequestLease(
                        lease: lease, attempt: attempt, job: job, kind: .actor, resources: resources, priority: -1,
                        dependencies: [Dependency(id: object, owner: process, nodes: [node], size: 77)], hops: 1, backlog: 9,
                        environment: options.environment))
            ),
            ("leaseGranted", .leaseGranted(LeaseGranted(lease: lease, worker: process, node: node))),
            ("leaseSpillback", .leaseSpillback(LeaseSpillback(lease: lease, raylet: .raylet(of: node)))),
            ("leaseRejected", .leaseRejected(LeaseRejected(lease: lease, error: error))),
            (
                "leaseRejectedForLoss",
                .leaseRejected(LeaseRejected(lease: lease, error: error, lost: [LostCopies(object: object, nodes: [node])]))
            ),
            ("returnLease", .returnLease(ReturnLease(lease: lease, workerFailed: true))),
            ("cancelLease", .cancelLease(CancelLease(lease: lease))),
            ("leaseLost", .leaseLost(LeaseLost(lease: lease, worker: process, error: bareError))),
            ("createObject", .createObject(CreateObject(request: 1, object: object, size: 2))),
            ("createReply", .createReply(CreateReply(request: 1, object: object, place: place, error: nil))),
            ("createRefused", .createReply(CreateReply(request: 1, object: object, place: nil, error: bareError))),
            ("sealObject", .sealObject(SealObject(object: object, size: 2))),
            ("abortObject", .abortObject(AbortObject(object: object))),
            ("openObject", .openObject(OpenObject(request: 1, object: object, owner: process, nodes: [node], size: 5, kind: .wait))),
            ("openReply", .openReply(OpenReply(request: 1, object: object, place: place, error: nil))),
            ("openRefused", .openReply(OpenReply(request: 1, object: object, place: nil, error: bareError, lost: [node]))),
            ("cancelOpen", .cancelOpen(CancelOpen(request: 1, object: object))),
            ("closeObject", .closeObject(CloseObject(object: object))),
            ("deleteObjects", .deleteObjects(DeleteObjects(objects: [object, object]))),
            ("pullObject", .pullObject(PullObject(request: 1, object: object))),
            ("pullRest", .pullObject(PullObject(request: 1, object: object, missing: [0..<2, 7..<8]))),
            (
                "pullFailed",
                .pullFailed(PullFailed(request: 1, object: object, refusal: .busy, others: [node], reason: "busy"))
            ),
            ("pullAccepted", .pullAccepted(PullAccepted(request: 1, object: object))),
            ("chunkTaken", .chunkTaken(ChunkTaken(request: 1, object: object, index: 2))),
            ("cancelPull", .cancelPull(CancelPull(request: 1, object: object))),
            ("getObject", .getObject(GetObject(request: 1, object: object))),
            ("objectReply", .objectReply(ObjectReply(request: 1, object: object, state: stored))),
            ("objectUnknown", .objectReply(ObjectReply(request: 1, object: object, state: nil))),
            ("objectLost", .objectLost(ObjectLost(request: 1, object: object, nodes: [node], isRepeated: true, why: "its file was cut"))),
            ("objectCopied", .objectCopied(ObjectCopied(object: object, node: node))),
            ("copyDropped", .copyDropped(CopyDropped(object: object, node: node))),
            ("cancelObject", .cancelObject(CancelObject(object: object, force: true, recursive: false))),
            ("addBorrower", .addBorrower(AddBorrower(stamp: 4, objects: [object]))),
            ("borrowersAdded", .borrowersAdded(BorrowersAdded(stamp: 4, unknown: [object]))),
            ("releaseBorrower", .releaseBorrower(ReleaseBorrower(stamp: 5, objects: [object, object]))),
            ("refsSecured", .refsSecured(RefsSecured(delivery: 6, isTaken: true))),
            ("actorOutOfScope", .actorOutOfScope(ActorOutOfScope(actor: actor, comeback: 1, mayComeBack: true))),
            (
                "restartActor",
                .restartActor(RestartActor(actor: actor, comeback: 2, arguments: [.value(enclosed)], resolved: [resolved]))
            ),
            (
                "objectChunk",
                .objectChunk(ObjectChunk(request: 1, object: object, index: 2, totalSize: 4, chunk: [0xFF, 0xFE]))
            ),
            (
                "registerNode",
                .registerNode(
                    RegisterNode(info: [nodeInfo], leases: [lease], jobs: [job], processes: [3], bundles: [heldBundle], number: 9))
            ),
            ("resourceReport", .resourceReport(ResourceReport(node: node, available: resources))),
            ("nodeTable", .nodeTable(NodeTable(nodes: [nodeInfo, deadNode]))),
            (
                "registerActor",
                .registerActor(RegisterActor(request: 1, actor: actor, spec: plainSpec, options: actorOptions, resolved: [resolved]))
            ),
            ("actorReply", .actorReply(ActorReply(request: 1, actor: actor, error: nil))),
            ("actorRefused", .actorReply(ActorReply(request: 1, actor: actor, error: bareError))),
            ("subscribeActor", .subscribeActor(SubscribeActor(actor: actor))),
            (
                "actorUpdate",
                .actorUpdate(
                    ActorUpdate(
                        actor: actor, state: .restarting, incarnation: 2, worker: process, error: bareError, maxTaskRetries: -1,
                        maxPendingCalls: 9))
            ),
            ("lookupActor", .lookupActor(LookupActor(request: 1, name: "hits", namespace: ""))),
            ("lookupReply", .lookupReply(LookupReply(request: 1, actor: actor, typeName: "Demo.Counter"))),
            ("lookupNone", .lookupReply(LookupReply(request: 1, actor: nil, typeName: ""))),
            ("killActor", .killActor(KillActor(actor: actor, noRestart: true))),
            ("actorExiting", .actorExiting(ActorExiting(actor: actor, error: bareError))),
            ("actorExitSeen", .actorExitSeen(ActorExitSeen(actor: actor))),
            ("endActor", .endActor(EndActor(actor: actor))),
            ("jobEnded", .jobEnded(JobEnded(job: job))),
            ("journalRecords", .journalRecords(JournalRecords(ticket: 1, records: [[1, 2], []]))),
            ("journalAck", .journalAck(JournalAck(ticket: 1, error: nil))),
            ("adminRequest", .adminRequest(AdminRequest(request: 1, verb: "cancel", argument: "build"))),
            ("adminReply", .adminReply(AdminReply(request: 1, json: "{}", error: "no"))),
            ("inspectMemory", .inspectMemory(InspectMemory(request: 1, objects: [object], limit: 10, order: .age))),
            ("memoryInspected", .memoryInspected(MemoryInspected(request: 1, json: "{}"))),
            ("journalFailed", .journalAck(JournalAck(ticket: 1, error: bareError))),
            ("pollChannel", .pollChannel(PollChannel(channel: .node, position: ChannelPosition(epoch: 2, sequence: 3)))),
            (
                "channelMessages",
                .channelMessages(
                    ChannelMessages(
                        channel: .actor, isSnapshot: true, position: ChannelPosition(epoch: 2, sequence: 4), rows: keyedRows, missing: 5))
            ),
            ("putKey", gcs(.putKey(namespace: "n", key: "k", value: [1, 2], overwrite: true))),
            ("getKey", gcs(.getKey(namespace: "n", key: "k"))),
            ("deleteKey", gcs(.deleteKey(namespace: "n", key: "k", isPrefix: true))),
            ("hasKey", gcs(.hasKey(namespace: "n", key: "k"))),
            ("listKeys", gcs(.listKeys(namespace: "n", prefix: "k", limit: 9))),
            ("row", gcs(.row(.actor, key: [1]))),
            ("rows", gcs(.rows(.task, filters: [RowFilter(field: "state", value: "failed")], limit: 9))),
            ("addFunctions", gcs(.addFunctions(keyedRows))),
            ("publish", gcs(.publish(.log, keyedRows))),
            ("done", answer(.done(true))),
            ("count", answer(.count(3))),
            ("value", answer(.value([7]))),
            ("noValue", answer(.value(nil))),
            ("keys", answer(.keys(["a", "b"], total: 3))),
            ("rowsReply", answer(.rows(keyedRows, total: 3))),
            ("failedReply", answer(.failed(bareError))),
            (
                "taskEvents",
                .taskEvents(
                    TaskEvents(
                        events: [TaskEvent(task: task, attempt: attempt, state: .failed, wallNS: 6, name: "add", message: "no")], dropped: 7
                    ))
            ),
            ("healthCheck", .healthCheck(HealthCheck(number: 8))),
            ("healthReply", .healthReply(HealthReply(node: node, number: 8))),
        ]

    private static let keyedRows = [KeyedRow(key: [1], row: [2, 3]), KeyedRow(key: [4], row: nil)]
    private static func gcs(_ operation: GCSOperation) -> Message { .gcsRequest(GCSRequest(request: 1, operation: operation)) }
    private static func answer(_ result: GCSResult) -> Message { .gcsReply(GCSReply(request: 1, result: result)) }

    private static func reply(_ outcome: TaskOutcome) -> TaskReply {
        TaskReply(lease: lease, task: task, attempt: attempt, outcome: outcome, moved: [], executionNS: 0)
    }

    static let digest = Digest128(high: 0x0101_0101_0202_0202, low: 0x0303_0303_0404_0404)
    static let persisted = RecordedState.persisted(file: "a.obj", size: 10, digest: digest, refs: [object])
    static let records: [(name: String, record: RunRecord)] = [
        (
            "header",
            .header(
                RunHeader(
                    runID: "r-1", epoch: 2, arguments: ["run", "a.yaml"], workingFolder: "/w", workflowPath: "/w/a.yaml", workflowName: "a",
                    workflowText: "name: a", inputs: "{\"n\":1}", startedWallNS: 3, seed: 4))
        ),
        ("submitted", .submitted(SubmittedRecord(lineage: lineage, parent: .none, kind: .step, name: "build", wallNS: 5))),
        ("started", .started(lineage: lineage, attempt: attempt, wallNS: 6)),
        (
            "finished",
            .finished(
                FinishedRecord(
                    lineage: lineage, attempt: attempt, function: function, fingerprint: [7, 8], results: [.inline(payload), persisted],
                    moved: [RecordedObject(id: object, lineage: lineage, state: persisted)], executionNS: 9, wallNS: 10))
        ),
        ("failed", .failed(lineage: lineage, attempt: attempt, error: error, wallNS: 11)),
        ("decision", .decision(DecisionRecord(parent: lineage, kind: .step, question: digest, ordinal: 12, answer: [13]))),
        ("actorCreated", .actorCreated(lineage: lineage, actor: actor, typeName: "Demo.Counter", name: "hits")),
        ("actorCall", .actorCall(actor: lineage, call: call)),
        ("step", .step(position: "build.0", json: "{}", wallNS: 14)),
        ("end", .end(EndRecord(result: .timedOut, exitCode: 4, outputs: "{}", message: "late", wallNS: 15))),
    ]
}

extension [UInt8] {
    var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
