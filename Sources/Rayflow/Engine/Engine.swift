package import RayflowCore

/// The seam between the typed surface and the machine: everything below it deals in ids and payloads, everything above it in Swift types.
///
/// Counting: an id that `submit`, `call`, `put`, `putFailure`, a sealed buffer or `create` hands out carries one count for the caller
/// (`create`'s on `ObjectID(handleOf:)`), and so does the actor that `namedActor` finds. `retain` adds one, `release` takes one. Ids in
/// arguments are held by the caller during the call only.
package protocol Engine: AnyObject, Sendable {
    /// At once, on any thread, never blocking. Gives `resultCount` ids; failures show when they are read.
    func submit(_ submission: Submission) -> [ObjectID]
    func create(_ submission: ActorSubmission) -> ActorID
    func call(_ call: ActorCall) -> [ObjectID]

    /// - Throws: `objectStoreFull`, `shutDown`.
    func put(_ payload: Payload, key: String?) throws(RayflowError) -> ObjectID
    /// Room for an object of `layout.byteCount` bytes; the caller writes header and body.
    func reserve(_ layout: ObjectLayout, key: String?) throws(RayflowError) -> any PutBuffer
    /// An object that is this failure.
    func putFailure(_ error: ErrorRecord) -> ObjectID

    /// The object if reading it needs no wait and no message.
    func ready(_ id: ObjectID) -> Fetched?
    /// Waits for the object. A time-out is a `failed` with `getTimeout`; only the cancellation of the calling task throws.
    func fetch(_ id: ObjectID, timeout: Duration?) async throws(CancellationError) -> Fetched
    /// Calls `body` once, on any thread, when the object is ready or has failed; at once if it is.
    func notify(whenReady id: ObjectID, _ body: @escaping @Sendable () -> Void)
    /// A hint that all of these will be fetched.
    func prefetch(_ ids: [ObjectID])
    /// Waits until all of the ids are ready, or until one of them is a failure: that one.
    func settle(_ ids: [ObjectID]) async throws(CancellationError) -> ObjectID?
    /// Waits until `count` of the ids are ready (failures are) or the time is over.
    /// - Returns: positions in `ids`, each in exactly one list and in ascending order; at most `count` are ready.
    func wait(
        _ ids: [ObjectID], count: Int, timeout: Duration?, fetchLocal: Bool
    ) async throws(CancellationError) -> (ready: [Int], rest: [Int])

    /// Called on any thread, also inside `deinit`.
    func retain(_ id: ObjectID)
    func release(_ id: ObjectID)

    /// Waits for the next item of the stream whose end is this object.
    func nextItem(of end: ObjectID) async throws(CancellationError) -> NextItem
    /// Nobody reads the stream any more. Called on any thread, also inside `deinit`.
    func closeStream(_ end: ObjectID)

    /// Returns when less than half of the tasks that may be pending are.
    func capacity() async throws(CancellationError)

    func cancel(_ id: ObjectID, force: Bool, recursive: Bool) async throws(RayflowError)
    func kill(_ actor: ActorID, restart: Bool) async throws(RayflowError)
    /// - Throws: `getTimeout` when the GCS does not answer in time.
    func namedActor(_ name: String, namespace: String?, timeout: Duration) async throws(RayflowError) -> NamedActor?
    /// Asks the GCS.
    /// - Throws: what it refuses, `getTimeout` when it does not answer in time, `shutDown`.
    func askGCS(_ operation: GCSOperation, timeout: Duration) async throws(RayflowError) -> GCSResult

    /// See ``Cluster/memory(limit:sortedBy:)``.
    func memory(limit: Int, order: MemoryOrder) async throws(RayflowError) -> JSON

    /// Asks for a recorded side effect by its name (and its ordinal among equal names in the running task).
    func beginStep(_ name: String) async throws(RayflowError) -> StepState
    /// Returns when the value is recorded as the run's durability demands.
    func finishStep(ticket: UInt64, value: Payload) async throws(RayflowError)

    /// Ends the cluster if this process made it, else leaves it.
    func shutDown() async
}

// Of engines without streams and queues: the end is all that there is, and there is always room.
extension Engine {
    package func nextItem(of end: ObjectID) async throws(CancellationError) -> NextItem {
        if case .failed(let record) = try await fetch(end, timeout: nil) { return .failed(record) }
        return .ended
    }

    package func closeStream(_ end: ObjectID) {}
    package func notify(whenReady id: ObjectID, _ body: @escaping @Sendable () -> Void) {
        Task {
            _ = try? await settle([id])
            body()
        }
    }
    package func capacity() async throws(CancellationError) {}

    package func askGCS(_ operation: GCSOperation, timeout: Duration) async throws(RayflowError) -> GCSResult {
        throw RayflowError(.unsupported, "this cluster has no global control service")
    }
}
