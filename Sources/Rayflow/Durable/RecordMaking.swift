internal import CLinux
import Ownership
import RayflowCore

/// From what an owner says to what the journal keeps.
struct RecordMaking {
    /// Results in shared memory, by object, once they are in files.
    var persisted: [ObjectID: RecordedState] = [:]

    mutating func record(_ record: OwnerRecord) -> RunRecord {
        let now = rf_wall_ns()
        switch record {
        case .submitted(let spec, let parent):
            return .submitted(
                SubmittedRecord(
                    lineage: spec.lineage, parent: parent, kind: spec.kind,
                    name: spec.shownName, wallNS: now))
        case .actorCreated(let spec, let options):
            return .actorCreated(lineage: spec.lineage, actor: spec.id.actor, typeName: options.typeName, name: options.name)
        case .started(let spec): return .started(lineage: spec.lineage, attempt: spec.attempt, wallNS: now)
        case .failed(let spec, let error): return .failed(lineage: spec.lineage, attempt: spec.attempt, error: error, wallNS: now)
        case .finished(let spec, let fingerprint, let states, let moved, let executionNS):
            var results: [RecordedState] = []
            for (id, state) in zip(spec.results, states) { results.append(self.state(state, of: id)) }
            let objects = moved.map { RecordedObject(id: $0.id, lineage: $0.lineage, state: self.state($0.state, of: $0.id)) }
            return .finished(
                FinishedRecord(
                    lineage: spec.lineage, attempt: spec.attempt, function: spec.function, fingerprint: fingerprint, results: results,
                    moved: objects, executionNS: executionNS, wallNS: now))
        }
    }

    private mutating func state(_ state: ObjectState, of id: ObjectID) -> RecordedState {
        switch state {
        case .inline(let enclosed): return .inline(enclosed.payload)
        case .stored(_, let size, let refs, _):
            // Not in a file: volatile. A size without a file says so, and resume computes it anew.
            return persisted.removeValue(forKey: id)
                ?? .persisted(file: "", size: size, digest: Digest128(high: 0, low: 0), refs: refs)
        case .failed(let error): return .inline(Payload(type: RecordMaking.failureTag, bytes: encode(error)))
        }
    }

    static let failureTag = "rayflow.failure"
    private func encode(_ error: ErrorRecord) -> [UInt8] {
        var writer = ByteWriter()
        writer.errorRecord(error)
        return writer.bytes
    }
}
