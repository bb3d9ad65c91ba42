package import Raylet
package import Rayflow
package import RayflowCore

/// What a run needs of the engine. Every call returns at once and may come from any thread; answers may come on any thread.
package protocol StepPort: AnyObject, Sendable {
    /// Queues one attempt of a shell step until its resources are free.
    ///
    /// The engine commits the start to the journal before it makes the process.
    /// - Parameters:
    ///   - key: `position#attempt`.
    ///   - start: its `key` is the engine's to choose.
    ///   - pathLength: of steps that wait for the same resources those with the longest path to the exit go first.
    ///   - completion: exactly once: how it ended, or why it could not start or was cancelled before.
    func runStep(
        name: String, key: String, start: StepStart, resources: ResourceSet, pathLength: UInt32, fingerprint: [UInt8],
        completion: @escaping @Sendable (Result<StepExit, ErrorRecord>) -> Void
    ) -> StepHandle

    /// Calls a registered function. A call whose key and fingerprint are those of a recorded one gets the recorded result.
    ///
    /// - Parameters:
    ///   - environment: variables of the worker.
    ///   - retries: system failures (a worker that died, a node that was lost) that the engine repeats by itself.
    /// - Returns: one id for each result, which the caller holds until ``release(_:)``. Several of one name are the elements of a list.
    func call(
        _ function: String, with: [(String, NamedValue)], environment: [String: String], resources: ResourceSet, pathLength: UInt32,
        retries: Int,
        timeout: Duration?, key: String, fingerprint: [UInt8]
    ) throws(RayflowError) -> [(name: String, id: ObjectID)]

    func createActor(
        _ typeName: String, with: [(String, NamedValue)], resources: ResourceSet, maxRestarts: Int, maxTaskRetries: Int,
        maxConcurrency: Int, key: String
    ) throws(RayflowError) -> ActorID

    func callActor(
        _ actor: ActorID, typeName: String, method: String, with: [(String, NamedValue)], key: String, fingerprint: [UInt8]
    ) throws(RayflowError) -> [(name: String, id: ObjectID)]

    /// When every object is there or known to have failed: for each its error or nil. Once.
    func whenReady(_ ids: [ObjectID], _ body: @escaping @Sendable ([ErrorRecord?]) -> Void)

    /// Puts a value into the object store, for whoever is passed its id; held until ``release(_:)``. May wait for room.
    func put(_ value: JSON) throws(RayflowError) -> ObjectID

    /// The contents, when all are there. Once.
    func json(of ids: [ObjectID], _ body: @escaping @Sendable ([Result<JSON, ErrorRecord>]) -> Void)

    /// Calls `body` whenever the engine runs the call that makes the object again by itself, with the reason, until that call has ended.
    func whenRetried(_ id: ObjectID, _ body: @escaping @Sendable (ErrorRecord) -> Void)

    func lineage(of id: ObjectID) -> LineageID
    func release(_ id: ObjectID)

    /// The call that makes the object: one that has not begun never runs, a running one is told. Its objects then fail.
    func cancel(_ id: ObjectID)
    /// SIGTERM, the grace, SIGKILL. One that has not begun never runs. `completion` comes all the same.
    func cancel(_ step: StepHandle)

    /// To the journal, in the order of the calls and before whatever is asked for after it.
    func record(position: String, json: String)

    /// What may be called.
    func functionSignatures() -> [FunctionDescription]

    /// Calls `body` when the step's process runs, at most once and before its completion. A port that is not told of it calls at once.
    func whenStarted(_ step: StepHandle, _ body: @escaping @Sendable () -> Void)
}

extension StepPort {
    package func whenStarted(_ step: StepHandle, _ body: @escaping @Sendable () -> Void) { body() }
    package func whenRetried(_ id: ObjectID, _ body: @escaping @Sendable (ErrorRecord) -> Void) {}
}

/// The engine's name for a shell step that it was given: the object that its exit becomes.
package struct StepHandle: Hashable, Sendable {
    package var id: ObjectID
    package init(id: ObjectID) { self.id = id }
}
