import Synchronization

import RayflowCore

/// Stands where no cluster could be meant: everything that is submitted fails with the reason.
final class AbsentEngine: Engine {
    let error: ErrorRecord
    private let number = Atomic<UInt64>(1)

    init(_ error: ErrorRecord) { self.error = error }

    private func id(_ index: UInt32) -> ObjectID {
        let unique = number.add(1, ordering: .relaxed).oldValue
        return ObjectID(task: TaskID(unique: unique, actor: .none(in: JobID(0))), index: index)
    }

    func submit(_ submission: Submission) -> [ObjectID] { (0..<submission.resultCount).map { id(UInt32($0 + 1)) } }
    func create(_ submission: ActorSubmission) -> ActorID {
        ActorID(unique: number.add(1, ordering: .relaxed).oldValue, salt: 0, job: JobID(0))
    }
    func call(_ call: ActorCall) -> [ObjectID] { (0..<call.resultCount).map { id(UInt32($0 + 1)) } }
    func put(_ payload: Payload, key: String?) throws(RayflowError) -> ObjectID { throw RayflowError(error) }
    func reserve(_ layout: ObjectLayout, key: String?) throws(RayflowError) -> any PutBuffer { throw RayflowError(error) }
    func putFailure(_ error: ErrorRecord) -> ObjectID { id(ObjectID.firstPut) }

    func ready(_ id: ObjectID) -> Fetched? { .failed(error) }
    func fetch(_ id: ObjectID, timeout: Duration?) async throws(CancellationError) -> Fetched { .failed(error) }
    func prefetch(_ ids: [ObjectID]) {}
    func settle(_ ids: [ObjectID]) async throws(CancellationError) -> ObjectID? { ids.first }
    func wait(
        _ ids: [ObjectID], count: Int, timeout: Duration?, fetchLocal: Bool
    ) async throws(CancellationError) -> (ready: [Int], rest: [Int]) {
        (Array(ids.indices.prefix(count)), Array(ids.indices.dropFirst(count)))
    }
    func retain(_ id: ObjectID) {}
    func release(_ id: ObjectID) {}

    func memory(limit: Int, order: MemoryOrder) async throws(RayflowError) -> JSON { throw RayflowError(error) }
    func cancel(_ id: ObjectID, force: Bool, recursive: Bool) async throws(RayflowError) { throw RayflowError(error) }
    func kill(_ actor: ActorID, restart: Bool) async throws(RayflowError) { throw RayflowError(error) }
    func namedActor(_ name: String, namespace: String?, timeout: Duration) async throws(RayflowError) -> NamedActor? {
        throw RayflowError(error)
    }
    func askGCS(_ operation: GCSOperation, timeout: Duration) async throws(RayflowError) -> GCSResult { throw RayflowError(error) }
    func beginStep(_ name: String) async throws(RayflowError) -> StepState { throw RayflowError(error) }
    func finishStep(ticket: UInt64, value: Payload) async throws(RayflowError) { throw RayflowError(error) }
    func shutDown() async {}
}
