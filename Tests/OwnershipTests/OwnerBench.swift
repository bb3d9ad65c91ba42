import Ownership
import RayflowCore

/// An owner on a bench: feeds it events and sorts what it asks for.
struct OwnerBench {
    static let node = NodeID(1), otherNode = NodeID(2)
    static let me = Address.process(id: 100, on: node)
    static let raylet = Address.raylet(of: node), otherRaylet = Address.raylet(of: otherNode)
    static let worker = Address.process(id: 201, on: node), secondWorker = Address.process(id: 202, on: node)
    static let stranger = Address.process(id: 300, on: otherNode)
    static let job = JobID(7)
    static let root = LineageID(high: 1, low: 1)

    var owner: OwnerInstance
    var now: UInt64 = 0
    private var out: [OwnerDirective] = []
    private var nextTask: UInt64 = 1
    /// What the GCS says with its updates.
    var actorOptions: [ActorID: ActorSpecOptions] = [:]

    // What the owner asked for since the bench was made, or since `forget()`, in order.
    var directives: [OwnerDirective] = []

    init(isDurable: Bool = false, epoch: UInt32 = 1, history: [LineageID: OwnerInstance.Recorded] = [:]) {
        owner = OwnerInstance(address: Self.me, raylet: Self.raylet, epoch: epoch, isDurable: isDurable, history: history)
    }

    mutating func forget() { directives = [] }

    mutating func event(_ body: (inout OwnerInstance, inout [OwnerDirective]) -> Void) {
        body(&owner, &out)
        directives += out
        out = []
    }

    mutating func receive(_ message: Message, from: Address) {
        let now = now
        event { $0.receive(message, from: from, now: now, into: &$1) }
    }

    mutating func fire(_ timer: OwnerTimer) {
        let now = now
        event { $0.timerFired(timer, now: now, into: &$1) }
    }

    // MARK: Submitting

    mutating func spec(
        _ name: String = "f", _ arguments: [TaskArgument] = [], results: Int = 1, lineage: LineageID = .none,
        options: (inout SpecOptions) -> Void = { _ in }
    ) -> TaskSpec {
        var spec = SpecOptions()
        spec.resources = .cpus(1)
        options(&spec)
        defer { nextTask += 1 }
        return TaskSpec(
            id: TaskID(unique: nextTask, actor: .none(in: Self.job)), attempt: Attempt(epoch: owner.epoch, number: 1), lineage: lineage,
            kind: .function, function: FunctionReference(index: 0, name: name), owner: Self.me, arguments: arguments,
            resultCount: UInt32(results), options: spec)
    }

    @discardableResult
    mutating func submit(_ spec: TaskSpec, fingerprint: [UInt8] = [], caller: UInt64 = 0) -> TaskSpec {
        let now = now
        event { $0.submit(spec, fingerprint: fingerprint, parent: Self.root, caller: caller, now: now, into: &$1) }
        return spec
    }

    @discardableResult
    mutating func submit(
        _ name: String = "f", _ arguments: [TaskArgument] = [], results: Int = 1, lineage: LineageID = .none,
        options: (inout SpecOptions) -> Void = { _ in }
    ) -> TaskSpec {
        submit(spec(name, arguments, results: results, lineage: lineage, options: options))
    }

    mutating func call(
        _ actor: ActorID, _ name: String = "m", _ arguments: [TaskArgument] = [], lineage: LineageID = .none, caller: UInt64 = 0,
        options: (inout SpecOptions) -> Void = { _ in }
    ) -> TaskSpec {
        var call = spec(name, arguments, lineage: lineage) {
            $0.resources = ResourceSet()
            $0.maxRetries = SpecOptions.asActor
            options(&$0)
        }
        call.id.actor = actor
        call.kind = .actorCall
        return submit(call, caller: caller)
    }

    mutating func create(
        _ actor: ActorID, maxTaskRetries: Int32 = 0, maxPendingCalls: Int32 = -1, maxRestarts: Int32 = 0, _ arguments: [TaskArgument] = [],
        lineage: LineageID = .none
    ) {
        var creation = spec("init", arguments, results: 0, lineage: lineage)
        creation.id.actor = actor
        creation.kind = .actorCreation
        var options = ActorSpecOptions()
        options.maxTaskRetries = maxTaskRetries
        options.maxPendingCalls = maxPendingCalls
        options.maxRestarts = maxRestarts
        actorOptions[actor] = options
        event { $0.create(creation, options: options, parent: Self.root, into: &$1) }
    }

    /// A value with refs in it.
    func holding(_ refs: [ObjectID]) -> TaskArgument {
        .value(EnclosedPayload(Payload(type: "", bytes: [], refs: refs), origins: refs.map { owner.origin(of: $0) }))
    }

    // MARK: Answers of others

    /// The GCS has made a row for the actor.
    mutating func register(_ actor: ActorID) {
        let asked = sent.compactMap { if case .registerActor(let m) = $0.message, m.actor == actor { m } else { nil } }
        guard let m = asked.last else { return }
        receive(.actorReply(ActorReply(request: m.request, actor: actor, error: nil)), from: .gcs)
    }

    /// Grants the oldest lease that was asked for and is neither granted nor cancelled.
    @discardableResult
    mutating func grant(_ worker: Address = Self.worker) -> LeaseID? {
        let over = Set(grants + cancelledLeases)
        guard let request = requests.first(where: { !over.contains($0.lease) }) else { return nil }
        grants.append(request.lease)
        receive(.leaseGranted(LeaseGranted(lease: request.lease, worker: worker, node: worker.nodeID)), from: .raylet(of: worker.nodeID))
        return request.lease
    }
    private var grants: [LeaseID] = []

    struct NothingAskedFor: Error {}
    mutating func granted(_ worker: Address = Self.worker) throws -> LeaseID {
        guard let lease = grant(worker) else { throw NothingAskedFor() }
        return lease
    }

    mutating func reply(
        _ push: PushTask, _ outcome: TaskOutcome, moved: [MovedObject] = [], from: Address = Self.worker, executionNS: UInt64 = 1
    ) {
        let reply = TaskReply(
            lease: push.lease, task: push.spec.id, attempt: push.spec.attempt, outcome: outcome, moved: moved, executionNS: executionNS)
        receive(.taskReply(reply), from: from)
    }

    mutating func finish(
        _ push: PushTask, _ values: [ObjectState] = [.value(1)], from: Address = Self.worker, executionNS: UInt64 = 1
    ) {
        reply(push, .finished(values), from: from, executionNS: executionNS)
    }

    mutating func lose(_ lease: LeaseID, _ code: RayflowError.Code = .workerCrashed) {
        let error = ErrorRecord(code, "the worker is gone")
        receive(.leaseLost(LeaseLost(lease: lease, worker: Self.worker, error: error)), from: Self.raylet)
    }

    mutating func update(
        _ actor: ActorID, _ state: ActorState, _ incarnation: UInt32 = 1, worker: Address = Self.worker, error: ErrorRecord? = nil,
        comeback: UInt32 = 0
    ) {
        receive(
            .actorUpdate(
                ActorUpdate(
                    actor: actor, state: state, incarnation: incarnation, worker: worker, error: error,
                    maxTaskRetries: actorOptions[actor]?.maxTaskRetries ?? 0,
                    maxPendingCalls: actorOptions[actor]?.maxPendingCalls ?? -1, comeback: comeback)), from: .gcs)
    }

    /// Drops the references that the caller of `submit` or `put` holds.
    mutating func release(_ ids: [ObjectID]) {
        event { owner, out in for id in ids { owner.release(id, into: &out) } }
    }

    // MARK: What was asked for

    var sent: [(message: Message, to: Address)] {
        directives.compactMap { if case .send(let message, let to) = $0 { (message, to) } else { nil } }
    }
    var requests: [RequestLease] { sent.compactMap { if case .requestLease(let m) = $0.message { m } else { nil } } }
    var pushes: [PushTask] { sent.compactMap { if case .pushTask(let m) = $0.message { m } else { nil } } }
    var pushed: [String] { pushes.map(\.spec.function.name) }
    var returns: [ReturnLease] { sent.compactMap { if case .returnLease(let m) = $0.message { m } else { nil } } }
    var returned: [LeaseID] { sent.compactMap { if case .returnLease(let m) = $0.message { m.lease } else { nil } } }
    var cancelledLeases: [LeaseID] { sent.compactMap { if case .cancelLease(let m) = $0.message { m.lease } else { nil } } }
    var cancelledTasks: [CancelTask] { sent.compactMap { if case .cancelTask(let m) = $0.message { m } else { nil } } }
    var questions: [(GetObject, to: Address)] {
        sent.compactMap { if case .getObject(let m) = $0.message { (m, $0.to) } else { nil } }
    }
    var answers: [ObjectReply] { sent.compactMap { if case .objectReply(let m) = $0.message { m } else { nil } } }
    var deleted: [ObjectID] { sent.flatMap { if case .deleteObjects(let m) = $0.message { m.objects } else { [ObjectID]() } } }
    var outOfScope: [ActorID] { sent.compactMap { if case .actorOutOfScope(let m) = $0.message { m.actor } else { nil } } }
    var claims: [(AddBorrower, to: Address)] { sent.compactMap { if case .addBorrower(let m) = $0.message { (m, $0.to) } else { nil } } }
    var givenBack: [(ReleaseBorrower, to: Address)] {
        sent.compactMap { if case .releaseBorrower(let m) = $0.message { (m, $0.to) } else { nil } }
    }
    var secured: [(RefsSecured, to: Address)] { sent.compactMap { if case .refsSecured(let m) = $0.message { (m, $0.to) } else { nil } } }
    var ready: [ObjectID] { directives.compactMap { if case .ready(let id) = $0 { id } else { nil } } }
    var timers: [(timer: OwnerTimer, afterNS: UInt64)] {
        directives.compactMap { if case .startTimer(let timer, let delay) = $0 { (timer, delay) } else { nil } }
    }
    var retries: [(timer: OwnerTimer, afterNS: UInt64)] { timers.filter { if case .retry = $0.timer { true } else { false } } }
    var records: [OwnerRecord] {
        directives.compactMap {
            switch $0 {
            case .journal(let record), .journalThenPush(let record, _): record
            default: nil
            }
        }
    }

    /// The kinds of everything that was asked for, in order.
    var story: [String] {
        directives.map { directive in
            switch directive {
            case .send(let message, _): "send \(type(of: message.wire))"
            case .ready: "ready"
            case .startTimer: "timer"
            case .journal(let record): "journal \(record.kind)"
            case .journalThenPush(let record, _): "commit \(record.kind)"
            case .persist: "persist"
            case .load: "load"
            case .taskChanged(let change): "task \(change.state.name)"
            case .mayReply: "mayReply"
            }
        }
    }

    func failure(of id: ObjectID) -> ErrorRecord? { if case .failed(let record)? = owner.state(of: id) { record } else { nil } }
    func value(of id: ObjectID) -> UInt8? {
        if case .inline(let enclosed)? = owner.state(of: id) { enclosed.payload.bytes.first } else { nil }
    }
}

extension OwnerRecord {
    var kind: String {
        switch self {
        case .submitted: "submitted"
        case .started: "started"
        case .actorCreated: "actorCreated"
        case .finished: "finished"
        case .failed: "failed"
        }
    }
}

extension TaskChange.State {
    var name: String {
        switch self {
        case .queued: "queued"
        case .running: "running"
        case .retrying: "retrying"
        case .finished: "finished"
        case .reused: "reused"
        case .failed: "failed"
        case .cancelled: "cancelled"
        }
    }
}

extension ObjectState {
    static func value(_ byte: UInt8, refs: [ObjectID] = [], owner: Address = OwnerBench.me) -> ObjectState {
        .inline(
            EnclosedPayload(
                Payload(type: "Int", bytes: [byte], refs: refs), origins: refs.map { _ in RefOrigin(owner: owner, lineage: .none) }))
    }
    static func large(on nodes: [NodeID] = [OwnerBench.node], size: UInt64 = 1 << 20) -> ObjectState {
        .stored(nodes: nodes, size: size, refs: [], origins: [])
    }
    var isInline: Bool { if case .inline = self { true } else { false } }
}

extension TaskSpec {
    /// The first result.
    var ref: ObjectID { result(0) }
    /// The first result as an argument of another task.
    var argument: TaskArgument { .ref(ref, owner: owner) }
}

/// An error of a body.
let oops = ErrorRecord(.taskFailed, "oops", remoteType: "Tests.Oops")

extension ActorID {
    static let counter = ActorID(unique: 77, salt: 1, job: OwnerBench.job)
}
