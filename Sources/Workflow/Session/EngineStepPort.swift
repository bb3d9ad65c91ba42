internal import CLinux
import Ownership
package import Raylet
package import Rayflow
package import RayflowCore

/// The run controller's way to the engine: steps become tasks, actors and calls of the run's driver.
package final class EngineStepPort: StepPort, @unchecked Sendable {
    private let cluster: Cluster
    private let core: CoreWorker
    private let log: RunLog
    private let lock = Lock()
    private var held: [ObjectID: AnyObjectRef] = [:]
    private var actors: [ActorID: AnyActorHandle] = [:]
    /// Steps that wait for resources, with who wants to know when they run, and steps that run.
    private var starters: [TaskID: @Sendable () -> Void] = [:]
    private var started: Set<TaskID> = []
    private var onRetry: [TaskID: @Sendable (ErrorRecord) -> Void] = [:]

    package init(cluster: Cluster, core: CoreWorker, log: RunLog) {
        self.cluster = cluster
        self.core = core
        self.log = log
        core.onTaskChange { [weak self] change in self?.changed(change) }
    }

    private func changed(_ change: TaskChange) {
        switch change.state {
        case .running: didStart(change.task)
        case .retrying(let error):
            let body = lock.withLock { onRetry[change.task] }
            body?(error)
        case .finished, .reused, .failed, .cancelled: lock.withLock { onRetry[change.task] = nil }
        case .queued: break
        }
    }

    private func didStart(_ task: TaskID) {
        let body = lock.withLock { () -> (@Sendable () -> Void)? in
            started.insert(task)
            return starters.removeValue(forKey: task)
        }
        body?()
    }

    package func whenStarted(_ step: StepHandle, _ body: @escaping @Sendable () -> Void) {
        let runs = lock.withLock {
            if started.contains(step.id.task) { return true }
            starters[step.id.task] = body
            return false
        }
        if runs { body() }
    }

    // MARK: Shell steps

    package func runStep(
        name: String, key: String, start: StepStart, resources: ResourceSet, pathLength: UInt32, fingerprint: [UInt8],
        completion: @escaping @Sendable (Result<StepExit, ErrorRecord>) -> Void
    ) -> StepHandle {
        var frame = ByteWriter()
        StepCommand.start(start).encode(into: &frame)
        // The door to the step runner takes the command without the length of its frame.
        let order = Payload(type: StepHost.orderTag, bytes: Array(frame.bytes.dropFirst(4)))
        let scope = core.rootScope
        let ids = core.submit(
            kind: .step, function: FunctionReference(index: 0, name: "step"), arguments: .success([.value(order)]), resultCount: 1,
            lineage: scope.lineage(of: "step", key: key) { _ in }, fingerprint: fingerprint, pathLength: pathLength, scope: scope
        ) { () throws(RayflowError) in
            var options = SpecOptions()
            options.resources = resources
            options.name = key
            options.hasSideEffects = true
            // An attempt that died with its step runner is in doubt: the planner decides, nobody else tries again.
            options.maxRetries = 0
            return SharedOptions(options)
        }
        let id = ids[0]
        core.whenReady(id) { [self] in
            lock.withLock {
                starters[id.task] = nil
                started.remove(id.task)
            }
            let result: Result<StepExit, ErrorRecord>
            switch core.state(of: id) {
            case .inline(let enclosed)? where enclosed.payload.type == StepHost.exitTag:
                var reader = ByteReader(enclosed.payload.bytes)
                do { result = .success(try StepExit(from: &reader)) } catch {
                    result = .failure(ErrorRecord(RayflowError(.corrupt, "the exit of \(key): \(error)")))
                }
            case .failed(let record)?: result = .failure(record)
            default: result = .failure(ErrorRecord(RayflowError(.corrupt, "\(key) ended with something that is no exit")))
            }
            core.release(id)
            completion(result)
        }
        return StepHandle(id: id)
    }

    package func cancel(_ step: StepHandle) { core.step { owner, out in owner.cancel(step.id, force: false, into: &out) } }

    // MARK: Calls

    package func call(
        _ function: String, with values: [(String, NamedValue)], environment: [String: String], resources: ResourceSet, pathLength: UInt32,
        retries: Int,
        timeout: Duration?, key: String, fingerprint: [UInt8]
    ) throws(RayflowError) -> [(name: String, id: ObjectID)] {
        var options = TaskOptions()
        options.set(resources)
        options.environment = environment
        options.pathLength = pathLength
        options.maxRetries = retries
        options.timeout = timeout
        options.key = Self.key(key, fingerprint)
        return hold(try cluster.call(function, with: Dictionary(values) { first, _ in first }, options: options))
    }

    package func createActor(
        _ typeName: String, with values: [(String, NamedValue)], resources: ResourceSet, maxRestarts: Int, maxTaskRetries: Int,
        maxConcurrency: Int, key: String
    ) throws(RayflowError) -> ActorID {
        var options = ActorOptions()
        options.set(resources)
        options.maxRestarts = maxRestarts
        options.maxTaskRetries = maxTaskRetries
        options.maxConcurrency = maxConcurrency
        options.key = key
        let handle = try cluster.createActor(typeName, with: Dictionary(values) { first, _ in first }, options: options)
        lock.withLock { actors[handle.id] = handle }
        return handle.id
    }

    package func callActor(
        _ actor: ActorID, typeName: String, method: String, with values: [(String, NamedValue)], key: String, fingerprint: [UInt8]
    ) throws(RayflowError) -> [(name: String, id: ObjectID)] {
        guard let handle = lock.withLock({ actors[actor] }) else { throw RayflowError(.actorDied, "the run has no actor \(actor)") }
        var options = CallOptions()
        options.key = Self.key(key, fingerprint)
        return hold(try cluster.call(handle, method, with: Dictionary(values) { first, _ in first }, options: options))
    }

    /// What a call is known by on resume: its position and what it was asked to do.
    private static func key(_ key: String, _ fingerprint: [UInt8]) -> String {
        let digest = Digest128(of: fingerprint)
        return "\(key) \(hex(digest.high))\(hex(digest.low))"
    }

    private func hold(_ results: [(name: String, ref: AnyObjectRef)]) -> [(name: String, id: ObjectID)] {
        lock.withLock {
            for result in results { held[result.ref.id] = result.ref }
        }
        return results.map { ($0.name, $0.ref.id) }
    }

    // MARK: Objects

    package func whenReady(_ ids: [ObjectID], _ body: @escaping @Sendable ([ErrorRecord?]) -> Void) {
        gather(ids, body) { [core] id in
            if case .failed(let record)? = core.state(of: id) { record } else { nil }
        }
    }

    package func put(_ value: JSON) throws(RayflowError) -> ObjectID {
        let payload = Payload(json: value)
        let id = try core.put(payload, key: nil)
        let ref = AnyObjectRef(RefBox(adopting: id, in: cluster))
        lock.withLock { held[id] = ref }
        return id
    }

    package func json(of ids: [ObjectID], _ body: @escaping @Sendable ([Result<JSON, ErrorRecord>]) -> Void) {
        let (core, cluster) = (core, cluster)
        Task {
            var values: [Result<JSON, ErrorRecord>] = []
            for id in ids {
                do {
                    let fetched = try await core.fetch(id, timeout: nil)
                    if case .failed(let record) = fetched {
                        values.append(.failure(record))
                    } else {
                        values.append(.success(try cluster.json(fetched)))
                    }
                } catch let error as RayflowError {
                    values.append(.failure(ErrorRecord(error)))
                } catch {
                    values.append(.failure(ErrorRecord(RayflowError(.cancelled, "the value was not read: \(error)"))))
                }
            }
            body(values)
        }
    }

    private func gather<T: Sendable>(
        _ ids: [ObjectID], _ body: @escaping @Sendable ([T]) -> Void, _ read: @escaping @Sendable (ObjectID) -> T
    ) {
        guard !ids.isEmpty else { return body([]) }
        let left = Countdown(ids.count)
        for id in ids {
            core.whenReady(id) { if left.isDown() { body(ids.map(read)) } }
        }
    }

    package func whenRetried(_ id: ObjectID, _ body: @escaping @Sendable (ErrorRecord) -> Void) {
        lock.withLock { onRetry[id.task] = body }
    }

    package func lineage(of id: ObjectID) -> LineageID { core.step { owner, _ in owner.lineage(of: id) } }

    package func release(_ id: ObjectID) {
        let ref = lock.withLock { held.removeValue(forKey: id) }
        _ = ref
    }

    package func cancel(_ id: ObjectID) { core.step { owner, out in owner.cancel(id, force: true, into: &out) } }

    // MARK: The journal and the registry

    package func record(position: String, json: String) {
        log.append(.step(position: position, json: json, wallNS: rf_wall_ns()), committed: nil)
    }

    package func functionSignatures() -> [FunctionDescription] { cluster.registry.functions.map(\.description) }
}
