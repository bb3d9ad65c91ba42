import RayflowCore

/// A cluster as a program sees it: the way to objects, tasks and actors.
///
/// Refs and handles know theirs. Otherwise a call goes to the cluster given by `on(_:)`, else to that of the running task, else to that of the
/// enclosing ``run(isolation:_:)``, else to the process's only one; with none or several, its refs fail with `noCluster`.
public final class Cluster: Sendable {
    package let engine: any Engine
    package let registry: Registry

    package convenience init(engine: any Engine, registry: Registry) { self.init(engine: engine, registry: registry, isListed: true) }

    /// - Parameter isListed: whether it may become the process's only cluster.
    init(engine: any Engine, registry: Registry, isListed: Bool) {
        self.engine = engine
        self.registry = registry
        if isListed { ClusterList.shared.add(self) }
    }

    /// Puts a value into the object store.
    ///
    /// While the store is full of objects in use, a large value waits for room (``ObjectStoreOptions/roomWait``) and blocks its thread. Async
    /// code whose other tasks are to make that room should put from a thread of its own.
    ///
    /// - Parameter key: its identity in a durable run; needed where puts are made by concurrent child tasks.
    /// - Throws: `objectStoreFull`, or what the value's coder throws.
    public func put<T: RemoteValue>(_ value: T, key: String? = nil) throws -> ObjectRef<T> {
        if let bulk = value as? any BulkValue, let id = try putBulk(bulk, type: T._typeTag, key: key) {
            return ObjectRef(RefBox(adopting: id, in: self))
        }
        let payload = try Payload(encoding: value)
        let id = try engine.put(payload, key: key)
        withExtendedLifetime(value) {}
        return ObjectRef(RefBox(adopting: id, in: self))
    }

    /// Waits for several objects; the order is that of the refs, and a ref may stand there twice. Throws a failure as soon as there is one,
    /// without waiting for the rest; of several that are there already, the first in order.
    public nonisolated(nonsending) func get<T>(_ refs: [ObjectRef<T>]) async throws -> [T] {
        let ids = refs.map(\.id)
        engine.prefetch(ids)
        if let failed = try await engine.settle(ids), let ref = refs.first(where: { $0.id == failed }) { _ = try await ref.get() }
        var values: [T] = []
        values.reserveCapacity(refs.count)
        for ref in refs { values.append(try await ref.get()) }
        return values
    }

    /// Waits for several objects of different types.
    public nonisolated(nonsending) func get<each T: RemoteValue>(_ refs: repeat ObjectRef<each T>) async throws -> (repeat each T) {
        var ids: [ObjectID] = []
        for ref in repeat each refs { ids.append(ref.id) }
        engine.prefetch(ids)
        if let failed = try await engine.settle(ids) {
            for ref in repeat each refs {
                if ref.id == failed { _ = try await ref.get() }
            }
        }
        return (repeat try await (each refs).get())
    }

    /// Waits until `count` of the objects are ready (failures are) or the time is over.
    ///
    /// - Parameter fetchLocal: ready means here: large objects that are ready are brought to this node first. Those that do not come in time stay
    ///   in `rest`, and come all the same. A resumed run answers as it did, and brings nothing.
    /// - Returns: every ref in one of the two lists, in the order given; at most `count` in `ready`.
    /// - Throws: `invalidArgument` for a ref that is given twice and for a `count` below 1 or above the number of refs; `CancellationError`
    ///   when the calling task is cancelled.
    public func wait<T>(
        _ refs: [ObjectRef<T>], count: Int = 1, timeout: Duration? = nil, fetchLocal: Bool = false
    ) async throws -> (ready: [ObjectRef<T>], rest: [ObjectRef<T>]) {
        let (ready, rest) = try await wait(refs.map(\.id), count, timeout, fetchLocal)
        return (ready.map { refs[$0] }, rest.map { refs[$0] })
    }

    /// Waits for refs of different types; see ``wait(_:count:timeout:fetchLocal:)-([ObjectRef<T>],_,_,_)``.
    public func wait(
        _ refs: [AnyObjectRef], count: Int = 1, timeout: Duration? = nil, fetchLocal: Bool = false
    ) async throws -> (ready: [AnyObjectRef], rest: [AnyObjectRef]) {
        let (ready, rest) = try await wait(refs.map(\.id), count, timeout, fetchLocal)
        return (ready.map { refs[$0] }, rest.map { refs[$0] })
    }

    private func wait(
        _ ids: [ObjectID], _ count: Int, _ timeout: Duration?, _ fetchLocal: Bool
    ) async throws -> (ready: [Int], rest: [Int]) {
        var seen = Set<ObjectID>(minimumCapacity: ids.count)
        if let twice = ids.first(where: { !seen.insert($0).inserted }) {
            throw RayflowError(.invalidArgument, "wait: object \(twice) is given twice; give each ref once")
        }
        // Ray refuses the same: `wait` in python/ray/_private/worker.py raises a ValueError. Of no refs none is ready.
        guard ids.isEmpty || (1...ids.count).contains(count) else {
            throw RayflowError(.invalidArgument, "wait: \(count) of \(ids.count) refs cannot be waited for; count is 1 to \(ids.count)")
        }
        return try await engine.wait(ids, count: min(count, ids.count), timeout: timeout, fetchLocal: fetchLocal)
    }

    /// Cancels the task that makes the object: a waiting one is dropped, in a running one the body's `Task` is cancelled.
    ///
    /// - Parameters:
    ///   - force: kill the worker.
    ///   - recursive: cancel what the task has submitted, too.
    public func cancel<T>(_ ref: ObjectRef<T>, force: Bool = false, recursive: Bool = true) async throws {
        try await engine.cancel(ref.id, force: force, recursive: recursive)
        withExtendedLifetime(ref.box) {}
    }

    /// Cancels the task of a stream: the stream throws `cancelled` after the items that have arrived, then stays ended.
    public func cancel<Item>(_ stream: ObjectRefStream<Item>, force: Bool = false, recursive: Bool = true) async throws {
        try await engine.cancel(stream.box.end.id, force: force, recursive: recursive)
        withExtendedLifetime(stream.box) {}
    }

    /// Ends an actor at once; its running call fails.
    /// - Parameter restart: whether its `maxRestarts` applies.
    public func kill<A>(_ actor: ActorHandle<A>, restart: Bool = false) async throws {
        try await engine.kill(actor.id, restart: restart)
        withExtendedLifetime(actor.box) {}
    }

    /// The actor of this name; nil if there is none.
    /// - Throws: `typeMismatch` if it is of another type, `getTimeout` if the GCS does not answer in time.
    public func actor<A: RemoteActor>(
        _ name: String, as _: A.Type = A.self, namespace: String? = nil, timeout: Duration = .seconds(60)
    ) async throws -> ActorHandle<A>? {
        guard let found = try await engine.namedActor(name, namespace: namespace, timeout: timeout) else { return nil }
        let box = RefBox(adopting: ObjectID(handleOf: found.actor), in: self)
        let typeName = TypeTags.tag(of: A.self)
        guard found.typeName == typeName else {
            throw RayflowError(.typeMismatch, "the actor \(name) is a \(found.typeName), not a \(typeName)")
        }
        return ActorHandle(box)
    }

    /// Ends the cluster if this process started it, else leaves it. Refs and handles of it fail from then on.
    public func shutDown() async {
        ClusterList.shared.remove(self)
        await engine.shutDown()
    }

    deinit { ClusterList.shared.remove(self) }
}
