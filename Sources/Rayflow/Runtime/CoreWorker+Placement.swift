import Ownership
package import RayflowCore
import Transport

extension CoreWorker: PlacementEngine {
    package func makeGroup(_ bundles: [ResourceSet], _ strategy: PlacementStrategy, name: String) -> PlacementGroupID {
        let id = PlacementGroupID(unique: newTaskUnique(), job: identity.job)
        step { owner, out in owner.createGroup(id, name: name, strategy: strategy, bundles: bundles, into: &out) }
        return id
    }

    package func groupReady(_ group: PlacementGroupID) -> ObjectID {
        // No task makes it, and it has no place in a run's history: its id is of its own.
        let id = ObjectID(task: TaskID(unique: newTaskUnique(), actor: .none(in: identity.job)), index: ObjectID.firstPut)
        step { owner, out in owner.ready(group, as: id, Self.done, into: &out) }
        return id
    }

    private static let done = Payload(type: Done._typeTag, bytes: [0])

    package func removeGroup(_ group: PlacementGroupID) { step { owner, out in owner.removeGroup(group, into: &out) } }

    package func groupState(_ group: PlacementGroupID) -> (state: PlacementGroupState, bundles: [PlacedBundle])? {
        step { owner, _ in owner.group(group) }
    }

    package func namedGroup(_ name: String) async throws(RayflowError) -> (group: PlacementGroupID, bundleCount: Int)? {
        let reply: PlacementGroupFound? = await withCheckedContinuation { continuation in
            request(to: .gcs, { .lookupPlacementGroup(LookupPlacementGroup(request: $0, name: name)) }) { message in
                if case .placementGroupFound(let found)? = message {
                    continuation.resume(returning: found)
                } else {
                    continuation.resume(returning: nil)
                }
            }
        }
        guard let reply else { throw RayflowError(.shutDown, "the cluster has been shut down") }
        return reply.group.map { ($0, Int(reply.bundleCount)) }
    }

    package func explain(_ id: ObjectID) async -> PendingReason? {
        await withCheckedContinuation { continuation in explain(id) { continuation.resume(returning: $0) } }
    }

    /// `body` is called once, on any thread; with nil also when the raylet that was asked is gone or silent.
    package func explain(_ id: ObjectID, _ body: @escaping @Sendable (PendingReason?) -> Void) {
        switch step({ owner, _ in owner.explain(id) }) {
        case .reason(let reason)?: body(reason)
        case .runs?, nil: body(nil)
        case .ask(let lease, let raylet)?:
            let answer = FirstAnswer(body)
            execute { [self] in
                request(to: raylet, { .explainLease(ExplainLease(request: $0, lease: lease)) }) { message in
                    if case .leaseExplained(let m)? = message { answer.give(m.reason) } else { answer.give(nil) }
                }
                loop.scheduleTimer(afterNanoseconds: RuntimeLimits.explainNS) { answer.give(nil) }
            }
        }
    }
}

/// The first of several answers.
private final class FirstAnswer: @unchecked Sendable {
    private let lock = Lock()
    private var body: (@Sendable (PendingReason?) -> Void)?
    init(_ body: @escaping @Sendable (PendingReason?) -> Void) { self.body = body }
    func give(_ reason: PendingReason?) {
        let body = lock.withLock {
            defer { self.body = nil }
            return self.body
        }
        body?(reason)
    }
}
