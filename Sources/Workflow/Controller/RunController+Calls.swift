internal import Rayflow
internal import RayflowCore

/// Calls of functions and actors. All of it happens on the controller's queue.
extension RunController {
    func call(_ unit: Int, _ order: CallOrder) {
        let results: [(name: String, id: ObjectID)]
        do throws(RayflowError) {
            results = try submit(order)
        } catch {
            return fail(unit, order.attempt, StepFailure(ErrorRecord(error)))
        }
        let ids = results.map(\.id)
        running[unit] = .call(ids)
        let named = results.map { result in
            let ref = newRef()
            objects[ref] = result.id
            return CallResult(name: result.name, ref: ref, lineage: port.lineage(of: result.id).description)
        }
        changeInstance { $0.onCallSubmitted(unit: unit, attempt: order.attempt, named) }
        if let first = ids.first {
            let attempt = order.attempt
            port.whenRetried(first) { [weak self] error in
                self?.post { instance, _, directives in
                    instance.onCallRetried(unit: unit, attempt: attempt, error, into: &directives)
                }
            }
        }
        port.whenReady(ids) { [weak self] errors in self?.callEnded(unit, order.attempt, errors) }
    }

    private func callEnded(_ unit: Int, _ attempt: Int, _ errors: [ErrorRecord?]) {
        post { [weak self] instance, now, directives in
            self?.running[unit] = nil
            instance.onCallEnded(unit: unit, attempt: attempt, errors, now: now, into: &directives)
        }
    }

    private func submit(_ order: CallOrder) throws(RayflowError) -> [(name: String, id: ObjectID)] {
        let with = order.with.map { ($0.key, named($0.value)) }
        switch order.target {
        case .function(let name):
            return try port.call(
                name, with: with, environment: order.environment, resources: order.resources, pathLength: order.pathLength,
                retries: ControllerLimits.systemRetries, timeout: order.timeout, key: order.key, fingerprint: order.fingerprint.bytes)
        case .method(let id, let typeName, let method):
            switch actors[id] {
            case .success(let actor):
                return try port.callActor(
                    actor, typeName: typeName, method: method, with: with, key: order.key, fingerprint: order.fingerprint.bytes)
            case .failure(let error): throw RayflowError(error)
            case nil: throw RayflowError(.actorDied, "the actor '\(id)' was not made")
            }
        }
    }

    func createActor(_ order: ActorOrder) {
        do throws(RayflowError) {
            let with = order.with.map { ($0.key, named($0.value)) }
            actors[order.id] = .success(
                try port.createActor(
                    order.typeName, with: with, resources: order.resources, maxRestarts: order.maxRestarts,
                    maxTaskRetries: order.maxTaskRetries, maxConcurrency: order.maxConcurrency, key: order.key))
        } catch {
            actors[order.id] = .failure(ErrorRecord(error))
        }
    }

    func materialise(_ refs: [ValueRef]) {
        let known = refs.filter { objects[$0] != nil }
        let ids = known.compactMap { objects[$0] }
        if known.count < refs.count {
            let lost = Dictionary(
                refs.filter { objects[$0] == nil }.map {
                    ($0, Result<Value, StepFailure>.failure(StepFailure(.failure, "the object is gone")))
                },
                uniquingKeysWith: { first, _ in first })
            apply { $0.onMaterialised(lost, now: $1, into: &$2) }
        }
        guard !known.isEmpty else { return }
        port.json(of: ids) { [weak self] results in
            let pairs = zip(known, results).map { ($0, $1.map { Value($0) }.mapError { StepFailure($0) }) }
            let contents = Dictionary(pairs, uniquingKeysWith: { first, _ in first })
            self?.post { $0.onMaterialised(contents, now: $1, into: &$2) }
        }
    }

    /// Objects stay references, alone and in lists; within maps there is no place for them, so the plan has brought their content.
    private func named(_ value: Value) -> NamedValue {
        switch value {
        case .ref(let ref): objects[ref].map { .ref($0) } ?? .json(.null)
        case .array(let elements) where value.hasRefs: .list(elements.map { named($0) })
        default: .json(value.plainJSON)
        }
    }
}
