import Ownership
import RayflowCore
import Transport

/// A task's body, or the driver's program: steps drawn from the seed, the task and its attempt, never from the order of events.
final class SimulatedBody {
    let process: SimulatedProcess
    /// Nil for the driver's program.
    let push: PushTask?
    let from: Address
    /// What the push holds for the time of the attempt.
    private(set) var borrowed: [(ObjectID, RefOrigin)] = []
    /// Each stands for one local reference.
    var refs: [ObjectID] = []
    var actors: [ActorID] = []
    /// Results that lie in the store.
    private var stored: [ObjectID] = []
    var random: SeededGenerator
    var depth: Int
    /// A method asks for the end of its actor.
    var wantsExit = false
    var stepsLeft: Int
    /// Results that are to be lost, one with each of the next steps.
    var doomed: [ObjectID] = []
    private var wait: SimulatedWait?
    private var isCancelled = false
    private var isOver = false
    private var isHalted = false
    private var startedNS: UInt64
    private let onEnd: (() -> Void)?

    var world: SimulatedWorld { process.world }
    var kind: TaskKind? { push?.spec.kind }

    init(_ process: SimulatedProcess, push: PushTask, from: Address) {
        self.process = process
        self.push = push
        self.from = from
        let spec = push.spec
        random = SeededGenerator(seed: process.world.seed ^ spec.id.unique ^ UInt64(spec.attempt.number) << 56)
        depth = Int(push.depth)
        stepsLeft = spec.kind == .actorCreation ? 1 : Int(random.next(in: 0...4))
        startedNS = process.world.now
        onEnd = nil
    }

    /// The driver's program.
    init(driver process: SimulatedProcess, steps: Int, _ random: SeededGenerator, onEnd: @escaping () -> Void) {
        self.process = process
        push = nil
        from = process.address
        self.random = random
        depth = 0
        stepsLeft = steps
        startedNS = 0
        self.onEnd = onEnd
    }

    func draw(_ range: ClosedRange<UInt64>) -> UInt64 { random.next(in: range) }
    func chance(_ percent: UInt64) -> Bool { draw(0...99) < percent }
    func pick<T>(_ list: [T]) -> T? { list.isEmpty ? nil : list[Int(draw(0...UInt64(list.count - 1)))] }

    // MARK: Beginning

    func begin() {
        guard let push else { return next() }
        borrowed = push.nestedOrigins
        process.step { owner, _, _ in for (id, origin) in self.borrowed { owner.borrow(id, origin) } }
        resolve(push.spec.arguments.flatMap(\.flat)[...])
    }

    /// Arguments one after the other, as they become values.
    private func resolve(_ arguments: ArraySlice<TaskArgument>) {
        guard let push, let first = arguments.first else { return next() }
        let rest = arguments.dropFirst()
        switch first {
        case .value(let enclosed):
            decode(enclosed)
            resolve(rest)
        case .ref(let id, let owner):
            if let known = push.resolved.first(where: { $0.id == id }) {
                return process.open(id, known.state, of: known.owner, onLoss: halt) { [self] in opened($0) { self.resolve(rest) } }
            }
            halt()
            process.step { table, _, _ in table.borrow(id, RefOrigin(owner: owner, lineage: .none)) }
            wait = process.wait([id], count: 1) { [self] reason in
                guard reason == .ready, let state = process.owner.state(of: id) else {
                    process.step { $0.release(id, into: &$2) }
                    return end(.cancelled)
                }
                process.open(id, state, of: process.owner.owner(of: id)) { [self] enclosed in
                    opened(enclosed) { self.resolve(rest) }
                    process.step { $0.release(id, into: &$2) }
                }
            }
        case .gather: resolve(rest)
        }
    }

    private func opened(_ enclosed: EnclosedPayload?, _ body: @escaping () -> Void) {
        if isOver { return }
        guard let enclosed else { return end(.failed(ErrorRecord(.objectLost, "an argument is lost"), isApplicationError: true)) }
        decode(enclosed)
        guard isHalted, let push, let actor = process.executor?.actor else { return body() }
        isHalted = false
        actor.complete(push) { [self] in if !isOver { body() } }
    }

    /// A call waits for an argument without holding its actor up.
    private func halt() {
        guard let push, kind == .actorCall, let actor = process.executor?.actor else { return }
        isHalted = true
        actor.halt(push)
    }

    /// Refs in a value become refs of this body.
    func decode(_ enclosed: EnclosedPayload) {
        process.step { owner, _, _ in for (id, origin) in zip(enclosed.payload.refs, enclosed.origins) { owner.borrow(id, origin) } }
        for (id, origin) in zip(enclosed.payload.refs, enclosed.origins) {
            refs.append(id)
            if let actor = id.handledActor { actors.append(actor) }
            if origin.owner != process.address { world.sometimes(.refBorrowed) }
        }
    }

    // MARK: Steps

    func next() {
        guard process.isAlive, !isOver else { return }
        if isCancelled { return end(.cancelled) }
        guard stepsLeft > 0 else { return conclude() }
        stepsLeft -= 1
        takeStep()
    }

    func compute(_ nanoseconds: UInt64) { process.after(nanoseconds) { [self] in next() } }

    /// Waits for some of the refs and looks at what they became.
    func get(_ ids: [ObjectID], count: Int, timeoutNS: UInt64?) {
        wait = process.wait(ids, count: count, timeoutNS: timeoutNS) { [self] reason in
            if reason == .timeout { world.sometimes(.getTimedOut) }
            if reason == .cancelled { return end(.cancelled) }
            look(ids[...])
        }
    }

    private func look(_ ids: ArraySlice<ObjectID>) {
        guard !isOver else { return }
        guard let id = ids.first else { return next() }
        guard let state = process.owner.state(of: id), refs.count < 30 else { return look(ids.dropFirst()) }
        process.open(id, state, of: process.owner.owner(of: id)) { [self] enclosed in
            if let enclosed, !isOver { decode(enclosed) }
            look(ids.dropFirst())
        }
    }

    func cancel() {
        isCancelled = true
        wait?.end(.cancelled)
    }

    // MARK: Ending

    private func conclude() {
        guard let push else { return concludeDriver() }
        if push.spec.kind != .actorCreation, chance(8) {
            return end(.failed(ErrorRecord(.taskFailed, "drawn from the seed"), isApplicationError: true))
        }
        var states: [ObjectState] = []
        for index in 0..<Int(push.spec.resultCount) {
            states.append(store(push.spec.result(index), nested: returnable))
            if case .stored? = states.last { stored.append(push.spec.result(index)) }
        }
        move(states, open: states.flatMap(\.nested)[...], seen: [], moved: [])
    }

    /// What a result may hold. A method holds up its actor while it returns, so it returns nothing that waits for the actor.
    private var returnable: [ObjectID] {
        refs.filter { kind == .function ? $0.handledActor != nil || chance(30) : chance(30) && isFinishedThroughout($0) }
    }

    private func isFinishedThroughout(_ id: ObjectID) -> Bool {
        var open = [id]
        var seen: Set<ObjectID> = []
        while let id = open.popLast() {
            guard id.handledActor == nil, seen.insert(id).inserted, process.owner.owner(of: id) == process.address else { continue }
            guard let state = process.owner.state(of: id) else { return false }
            open += state.nested.map(\.id)
        }
        return true
    }

    func store(_ id: ObjectID, nested: [ObjectID]) -> ObjectState {
        let origins = nested.map { process.owner.origin(of: $0) }
        if chance(25), let raylet = world.raylets[process.node] {
            raylet.add(id)
            return .stored(nodes: [process.node], size: 200_000, refs: nested, origins: origins)
        }
        return .inline(EnclosedPayload(Payload(type: "simulated", bytes: [0], refs: nested), origins: origins))
    }

    /// What the result refers to and this process owns moves along, finished.
    private func move(
        _ states: [ObjectState], open: ArraySlice<(id: ObjectID, origin: RefOrigin)>, seen: Set<ObjectID>, moved: [MovedObject]
    ) {
        guard let (id, origin) = open.last else { return end(.finished(states), moved: moved) }
        let rest = open.dropLast()
        guard origin.owner == process.address, id.handledActor == nil, !seen.contains(id) else {
            return move(states, open: rest, seen: seen, moved: moved)
        }
        wait = process.wait([id], count: 1) { [self] reason in
            if reason == .cancelled { return end(.cancelled) }
            guard let state = process.owner.state(of: id) else {
                return move(states, open: rest, seen: seen.union([id]), moved: moved)
            }
            world.sometimes(.refMoved)
            let object = MovedObject(id: id, lineage: .none, state: state)
            move(states, open: rest + state.nested, seen: seen.union([id]), moved: moved + [object])
        }
    }

    private func end(_ outcome: TaskOutcome, moved: [MovedObject] = []) {
        guard !isOver, process.isAlive, let push else { return }
        isOver = true
        if case .finished = outcome {} else { discardResults() }
        process.executor?.finished(self, push, outcome, moved: moved, executionNS: world.now - startedNS)
    }

    /// Results that were stored and that nobody gets.
    private func discardResults() {
        for id in stored { world.raylets[process.node]?.remove(id) }
        stored = []
    }

    func releaseAll() {
        var held = refs
        refs = []
        if push != nil {
            // Some stay in the state of the actor, or in a global.
            for id in held.filter({ _ in chance(10) }) {
                held.remove(at: held.firstIndex(of: id)!)
                process.keep(id, forNS: draw(1_000_000...300_000_000))
            }
        }
        process.step { owner, _, out in for id in held { owner.release(id, into: &out) } }
    }

    /// The driver waits for all that it has, lets it go, and is done.
    private func concludeDriver() {
        world.stopFaults()
        wait = process.wait(refs.filter { $0.handledActor == nil }, count: refs.count { $0.handledActor == nil }) { [self] _ in
            releaseAll()
            isOver = true
            onEnd?()
        }
    }
}

extension ObjectState {
    /// Refs nested in the value, with their origins.
    var nested: [(id: ObjectID, origin: RefOrigin)] {
        switch self {
        case .inline(let enclosed): zip(enclosed.payload.refs, enclosed.origins).map { ($0, $1) }
        case .stored(_, _, let refs, let origins): zip(refs, origins).map { ($0, $1) }
        case .failed: []
        }
    }
}

extension TaskArgument {
    /// Without the lists.
    var flat: [TaskArgument] {
        if case .gather(let parts) = self { return parts.flatMap(\.flat) }
        return [self]
    }
}

extension PushTask {
    /// The first byte of the first value says how deep the task is nested.
    var depth: UInt8 {
        for argument in spec.arguments {
            if case .value(let enclosed) = argument, let depth = enclosed.payload.bytes.first { return depth }
        }
        return 0
    }

    var nestedOrigins: [(ObjectID, RefOrigin)] {
        var refs: [(ObjectID, RefOrigin)] = []
        for argument in spec.arguments.flatMap(\.flat) {
            if case .value(let enclosed) = argument { refs += zip(enclosed.payload.refs, enclosed.origins).map { ($0, $1) } }
        }
        for dependency in resolved { refs += dependency.state.nested.map { ($0.id, $0.origin) } }
        return refs
    }
}
