import Ownership
import RayflowCore

/// An actor's executing side on a bench.
struct ActorBench {
    static let first = Address.process(id: 100, on: NodeID(1)), second = Address.process(id: 101, on: NodeID(1))
    static let actor = ActorID(unique: 5, salt: 1, job: JobID(1))
    var instance: ActorInstance
    var out: [ActorInstance.Directive] = []
    private var sequences: [String: UInt64] = [:]
    private var nextTask: UInt64 = 1

    init(limit: Int = 1, groups: [CallGroup] = [], isBuilt: Bool = true) {
        instance = ActorInstance(limit: limit, groups: groups)
        if isBuilt { event { $0.built(into: &$1) } }
    }

    mutating func event(_ body: (inout ActorInstance, inout [ActorInstance.Directive]) -> Void) { body(&instance, &out) }

    mutating func call(_ name: String, from: Address = first, group: String = "", sequence: UInt64? = nil) -> PushTask {
        defer { nextTask += 1 }
        let order = "\(from) \(group)"
        let place = sequence ?? sequences[order, default: 0]
        if sequence == nil { sequences[order] = place + 1 }
        var spec = TaskSpec(
            id: TaskID(unique: nextTask, actor: Self.actor), attempt: Attempt(epoch: 1, number: 1), lineage: .none, kind: .actorCall,
            function: FunctionReference(index: 0, name: name), owner: from, arguments: [], resultCount: 1, sequence: place)
        if !group.isEmpty { spec.options.groups = [CallGroup(name: group)] }
        return PushTask(lease: LeaseID(owner: 0, number: 1), spec: spec, resolved: [], history: [], replay: [])
    }

    mutating func push(_ m: PushTask) { event { $0.push(m, from: m.spec.owner, into: &$1) } }
    @discardableResult
    mutating func push(_ name: String, from: Address = first, group: String = "") -> PushTask {
        let m = call(name, from: from, group: group)
        push(m)
        return m
    }
    mutating func finish(_ m: PushTask) {
        event { $0.finished(m, outcome: nil, into: &$1) }
        event { $0.answered(into: &$1) }
    }

    var started: [String] { out.compactMap { if case .start(let m, _) = $0 { m.spec.function.name } else { nil } } }
    var replies: [(name: String, outcome: TaskOutcome)] {
        out.compactMap { if case .reply(let m, _, let outcome) = $0 { (m.spec.function.name, outcome) } else { nil } }
    }
    var told: [Address] {
        out.compactMap { if case .send(.actorExiting, let to) = $0 { to } else { nil } }
    }
    var hasLeft: Bool { lastWords > 0 }
    var lastWords: Int { out.count { if case .leave = $0 { true } else { false } } }
    var exitTimers: Int { out.count { if case .startExitTimer = $0 { true } else { false } } }
    var deadlocks: [TaskID] { out.compactMap { if case .deadlock(_, let call) = $0 { call } else { nil } } }
    var wentOn: [TaskID] { out.compactMap { if case .goOn(let call) = $0 { call } else { nil } } }
    func code(_ name: String) -> RayflowError.Code? {
        for reply in replies where reply.name == name { if case .failed(let error, _) = reply.outcome { return error.code } }
        return nil
    }
}
