import Ownership
import RayflowCore

// Arguments become values before a body runs; what it gave back becomes objects.
extension Executor {
    /// Marks a logged argument that was gathered from parts.
    static let gatheredTag = "rayflow.gathered"

    func resolve(_ m: PushTask) async throws -> [ResolvedArgument] {
        let states = Dictionary(m.resolved.map { ($0.id, $0) }) { first, _ in first }
        var arguments: [ResolvedArgument] = []
        arguments.reserveCapacity(m.spec.arguments.count)
        for (index, argument) in m.spec.arguments.enumerated() {
            do { arguments.append(try await resolve(argument, states, of: m)) } catch let error as RayflowError {
                // A constructor's failure reaches callers that know nothing of its arguments.
                guard m.spec.kind == .actorCreation else { throw error }
                throw error.ofArgument(index + 1)
            }
        }
        return arguments
    }

    private func resolve(
        _ argument: TaskArgument, _ states: [ObjectID: ResolvedDependency], of m: PushTask
    ) async throws -> ResolvedArgument {
        switch argument {
        case .value(let enclosed): return .payload(enclosed.payload)
        case .gather(let parts):
            var resolved: [ResolvedArgument] = []
            for part in parts { resolved.append(try await resolve(part, states, of: m)) }
            return .gather(resolved)
        case .ref(let id, let owner):
            if let known = states[id] { return try await open(id, known.owner, known.state, of: m) }
            // Not finished when it was pushed (constructors do not wait at the caller, repeated calls do not either): ask the owner.
            return try await ask(id, owner, nil, of: m)
        }
    }

    /// - Parameter fault: why it was not found where it was said to be.
    private func ask(_ id: ObjectID, _ owner: Address, _ fault: ReadFault?, of m: PushTask) async throws -> ResolvedArgument {
        guard m.spec.kind == .actorCall, let actor else { return try await ask(id, owner, fault) }
        return try await actor.aside(m) { try await ask(id, owner, fault) }
    }

    private func ask(_ id: ObjectID, _ owner: Address, _ fault: ReadFault?) async throws -> ResolvedArgument {
        core.step { table, out in
            table.borrow(id, RefOrigin(owner: owner, lineage: .none))
            if let fault { table.lose(id, on: fault.lost, seen: 0, why: fault.error.message, into: &out) }
        }
        defer { core.release(id) }
        switch try await core.fetch(id, timeout: nil) {
        case .payload(let payload): return .payload(payload)
        case .mapped(let object): return .mapped(object)
        case .failed(let record): throw RayflowError(record)
        }
    }

    private func open(_ id: ObjectID, _ owner: Address, _ state: ObjectState, of m: PushTask) async throws -> ResolvedArgument {
        switch state {
        case .inline(let enclosed): return .payload(enclosed.payload)
        case .failed(let record): throw RayflowError(record)
        case .stored(let nodes, let size, _, _):
            switch await core.objects.read(id, owner: owner, nodes: nodes, size: size, through: core) {
            case .success(let mapped): return .mapped(mapped)
            case .failure(let fault) where fault.lost.isEmpty: throw RayflowError(fault.error)
            // The owner has it made again. Meanwhile this task waits as in a `get`: its CPU is free for others.
            case .failure(let fault): return try await ask(id, owner, fault, of: m)
            }
        }
    }

    /// The results as they travel. What they refer to and this process owns moves along, finished.
    func encode(_ result: ResultPayload, of spec: TaskSpec) async throws -> (TaskOutcome, [MovedObject]) {
        switch result {
        case .values(let payloads):
            var states: [ObjectState] = []
            for (index, payload) in payloads.enumerated() { states.append(try store(payload, as: spec.result(index), spec.attempt)) }
            return try await finished(states, of: spec)
        case .forward(let id, let hold):
            // The result is whatever that object becomes.
            defer { withExtendedLifetime(hold) {} }
            let state: ObjectState
            switch try await core.fetch(id, timeout: nil) {
            case .failed(let record): throw RayflowError(record, cause: record.typed.flatMap { registry.error($0, in: cluster) })
            case .payload(let payload): state = .inline(core.enclose(payload))
            // A large object lies in the stores under its own name: the result is a copy.
            case .mapped(let object): state = try store(object.payload, as: spec.result(0), spec.attempt)
            }
            return try await finished([state], of: spec)
        }
    }

    private func finished(_ states: [ObjectState], of spec: TaskSpec) async throws -> (TaskOutcome, [MovedObject]) {
        do { return (.finished(states), try await moved(states)) } catch {
            discard(.finished(states), of: spec)
            throw error
        }
    }

    /// Results that nobody gets.
    func discard(_ outcome: TaskOutcome, of spec: TaskSpec) {
        guard outcome.isStored, case .finished(let states) = outcome else { return }
        let ids = zip(spec.results, states).filter { $0.1.isStored }.map(\.0)
        core.post(.deleteObjects(DeleteObjects(objects: ids)), to: .raylet(of: core.identity.node))
    }

    func store(_ payload: Payload, as id: ObjectID, _ attempt: Attempt) throws -> ObjectState {
        if payload.bytes.count <= RuntimeLimits.inlineBytes { return .inline(core.enclose(payload)) }
        let layout = ObjectLayout(payload)
        // What an attempt that was lost has left behind is nobody's.
        if attempt.number > 1 { core.post(.deleteObjects(DeleteObjects(objects: [id])), to: .raylet(of: core.identity.node)) }
        // Here already: this task runs again for another of its results, and somebody reads this one.
        if let room = try core.objects.create(id, byteCount: layout.byteCount, through: core) {
            ObjectLayout.write(payload, into: room.memory)
            room.seal()
        }
        return .stored(
            nodes: [core.identity.node], size: UInt64(layout.byteCount), refs: payload.refs, origins: core.enclose(payload).origins)
    }

    func moved(_ states: [ObjectState]) async throws -> [MovedObject] {
        var moved: [MovedObject] = []
        var seen: Set<ObjectID> = []
        var open = states.flatMap(\.enclosedRefs)
        while let (id, origin) = open.popLast() {
            guard origin.owner == core.address, id.handledActor == nil, seen.insert(id).inserted else { continue }
            _ = try await core.fetch(id, timeout: nil)
            guard let state = core.state(of: id) else { continue }
            moved.append(MovedObject(id: id, lineage: core.lineage(of: id), state: state))
            open += state.enclosedRefs
        }
        return moved
    }
}

extension RayflowError {
    fileprivate func ofArgument(_ position: Int) -> RayflowError {
        var error = self
        error.message = "argument \(position) failed: \(message)"
        return error
    }
}
