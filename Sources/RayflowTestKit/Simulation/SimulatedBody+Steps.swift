import Ownership
import RayflowCore

// What a body does next.
extension SimulatedBody {
    func takeStep() {
        let isMethod = kind == .actorCall || kind == .actorCreation
        if !doomed.isEmpty {
            guard chance(40) else { return loseAndGet(doomed.removeLast()) }
            stepsLeft += 1
            return compute(draw(1_000_000...30_000_000))
        }
        switch draw(0...99) {
        case 0..<10: compute(draw(20_000...400_000))
        case 10..<12:
            if kind == .actorCall, chance(70) {
                wantsExit = true
                world.sometimes(.actorExited)
            }
            compute(draw(20_000...400_000))
        case 12..<20: compute(draw(1_000_000...30_000_000))
        case 20..<45:
            submit()
            next()
        case 45..<52:
            put()
            next()
        case 52..<64:
            let chosen = waitable.filter { _ in chance(40) }
            // A method must not wait for what may stand behind it in its actor's line.
            get(chosen, count: chosen.count, timeoutNS: isMethod || chance(15) ? draw(1_000_000...50_000_000) : nil)
        case 64..<68:
            let chosen = waitable
            get(chosen, count: min(1, chosen.count), timeoutNS: isMethod ? 5_000_000 : nil)
        case 68..<74:
            if depth < 2, let actor = makeActor(), chance(40) { return useAndLetGo(actor) }
            next()
        case 74..<84:
            for _ in 0..<draw(1...3) { if let actor = pick(actors) { call(actor) } }
            next()
        case 84..<87:
            if let id = pick(waitable) {
                process.step { $0.cancel(id, force: self.chance(30) && id.task.actor.isNone, recursive: self.chance(50), into: &$2) }
            }
            next()
        case 87..<91:
            if let at = Array(refs.indices).randomly(self) {
                let id = refs.remove(at: at)
                if let actor = id.handledActor, let place = actors.firstIndex(of: actor) { actors.remove(at: place) }
                process.step { $0.release(id, into: &$2) }
            }
            next()
        case 91..<93:
            if let actor = pick(actors), kind == nil || chance(50) {
                world.sometimes(.actorKilled)
                process.step { $0.kill(actor, noRestart: self.chance(50), into: &$2) }
            }
            next()
        case 93..<96: find()
        case 96..<98: loseAndGet(pick(waitable))
        default:
            if kind != nil, chance(70), world.mayCrash() {
                world.sometimes(.workerCrashedInTask)
                return world.kill(process.address)
            }
            next()
        }
    }

    private var waitable: [ObjectID] { refs.filter { $0.handledActor == nil } }

    // MARK: Values

    private func put() {
        let id = ObjectID(task: TaskID(unique: process.newNumber(), actor: .none(in: world.job)), index: ObjectID.firstPut)
        let state = store(id, nested: refs.filter { _ in chance(15) })
        process.step { $0.put(id, state, lineage: .none, into: &$2) }
        refs.append(id)
    }

    private func arguments(depth: Int) -> [TaskArgument] {
        let nested = refs.filter { _ in chance(20) }
        let payload = Payload(type: "simulated", bytes: [UInt8(depth)], refs: nested)
        var arguments = [TaskArgument.value(EnclosedPayload(payload, origins: nested.map { process.owner.origin(of: $0) }))]
        for id in waitable where chance(15) { arguments.append(.ref(id, owner: process.owner.origin(of: id).owner)) }
        if chance(10) {
            arguments.append(.gather(waitable.filter { _ in chance(30) }.map { .ref($0, owner: process.owner.origin(of: $0).owner) }))
        }
        return arguments
    }

    /// All copies of an object are gone, and this body needs it.
    private func loseAndGet(_ id: ObjectID?) {
        guard let id, world.hasFaults, process.owner.owner(of: id) == process.address, process.owner.state(of: id)?.isStored == true else {
            return next()
        }
        for raylet in world.raylets.values { raylet.remove(id) }
        get([id], count: 1, timeoutNS: kind == nil || kind == .function ? nil : 5_000_000)
    }

    // MARK: Tasks

    private func submit() {
        guard depth < SimulationLimits.depth, world.maySubmit() else { return }
        for _ in 0..<(chance(20) ? 5 : 1) {
            var options = SpecOptions()
            options.resources = .cpus(chance(85) ? 1 : Int(draw(0...2)))
            options.maxRetries = chance(80) ? 3 : Int32(draw(0...1))
            options.retryRule = chance(20) ? .anyError : .systemFailuresOnly
            if chance(8) { options.timeoutMS = draw(1...20) }
            if chance(15) { options.priority = Int32(draw(0...4)) - 2 }
            let function = draw(0...2)
            let spec = TaskSpec(
                id: TaskID(unique: process.newNumber(), actor: .none(in: world.job)), attempt: Attempt(epoch: 1, number: 1),
                lineage: .none, kind: .function, function: FunctionReference(index: UInt32(function), name: "f\(function)"),
                owner: process.address, arguments: arguments(depth: depth + 1), resultCount: UInt32(draw(1...2)), options: options)
            submit(spec)
        }
    }

    private func submit(_ spec: TaskSpec) {
        world.ledger.submitted(spec, owner: process.address)
        process.step { $0.submit(spec, parent: .none, parentTask: self.push?.spec.id, now: $1, into: &$2) }
        refs += spec.results
    }

    // MARK: Actors

    private func makeActor() -> ActorID? {
        guard world.mayMakeActor() else { return nil }
        let actor = ActorID(unique: process.newNumber(), salt: 1, job: world.job)
        var options = ActorSpecOptions()
        options.typeName = "Simulated"
        options.maxRestarts = Int32(draw(0...2))
        options.maxTaskRetries = Int32(draw(0...2))
        options.maxConcurrency = chance(80) ? 1 : 2
        if chance(30) {
            options.name = "name\(draw(0...1))"
            options.getIfExists = chance(50)
        }
        let spec = TaskSpec(
            id: TaskID(unique: process.newNumber(), actor: actor), attempt: Attempt(epoch: 1, number: 1), lineage: .none,
            kind: .actorCreation, function: FunctionReference(index: 9, name: "init"), owner: process.address,
            // Who finds it by name may be what its arguments wait for.
            arguments: Array(arguments(depth: SimulationLimits.depth).prefix(options.name.isEmpty ? .max : 1)), resultCount: 0,
            sequence: UInt64(options.maxConcurrency))
        world.ledger.made(actor, options, by: process.address)
        process.step { owner, _, out in
            owner.holdHandle(of: actor, lineage: .none)
            owner.create(spec, options: options, parent: .none, into: &out)
        }
        refs.append(ObjectID(handleOf: actor))
        actors.append(actor)
        return actor
    }

    /// The actor is out of scope with its last call. Then results are lost, in the moment in which it ends or later.
    private func useAndLetGo(_ actor: ActorID) {
        let known = refs.count
        for _ in 0..<3 { call(actor) }
        let results = Array(refs[known...])
        let handle = ObjectID(handleOf: actor)
        actors.removeAll { $0 == actor }
        refs.removeAll { $0 == handle }
        process.step { $0.release(handle, into: &$2) }
        doomed = results
        stepsLeft += results.count
        get(results, count: results.count, timeoutNS: 100_000_000)
    }

    private func call(_ actor: ActorID) {
        guard world.maySubmit() else { return }
        // Calls of one process stand in one line: a later task of this process must not wait behind a call that waits for that task.
        var arguments = arguments(depth: SimulationLimits.depth - 1)
        if kind != nil { arguments = [arguments[0]] }
        var options = SpecOptions()
        options.maxRetries = SpecOptions.asActor
        options.retryRule = chance(20) ? .anyError : .systemFailuresOnly
        let spec = TaskSpec(
            id: TaskID(unique: process.newNumber(), actor: actor), attempt: Attempt(epoch: 1, number: 1), lineage: .none,
            kind: .actorCall, function: FunctionReference(index: 10, name: "method"), owner: process.address, arguments: arguments,
            resultCount: 1, options: options)
        submit(spec)
    }

    private func find() {
        process.lookup("name\(draw(0...1))") { [self] actor in
            if let actor {
                world.sometimes(.actorFound)
                process.step { owner, _, _ in owner.holdFoundHandle(of: actor) }
                refs.append(ObjectID(handleOf: actor))
                actors.append(actor)
            }
            next()
        }
    }
}

extension Array where Element == Int {
    fileprivate func randomly(_ body: SimulatedBody) -> Int? { body.pick(self) }
}
