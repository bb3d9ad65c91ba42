package import Ownership
package import RayflowCore

/// What the journal of earlier epochs says, in the form in which the engine asks for it.
package struct RunPast: Sendable {
    package private(set) var finished: [LineageID: FinishedRecord] = [:]
    package private(set) var decisions: [DecisionKey: [UInt8]] = [:]
    package private(set) var calls: [LineageID: [LoggedCall]] = [:]
    /// Execution ids under which actors were known in earlier epochs.
    package private(set) var actors: [ActorID: LineageID] = [:]
    package private(set) var children: [LineageID: [LineageID]] = [:]
    private var decided: [LineageID: [DecisionKey]] = [:]

    package init(_ records: [RunRecord] = []) {
        for record in records { add(record) }
    }

    package mutating func add(_ record: RunRecord) {
        switch record {
        case .finished(let value): finished[value.lineage] = value
        case .decision(let value):
            let key = DecisionKey(parent: value.parent, kind: value.kind, question: value.question, ordinal: value.ordinal)
            if decisions.updateValue(value.answer, forKey: key) == nil { decided[value.parent, default: []].append(key) }
        case .actorCreated(let lineage, let actor, _, _): actors[actor] = lineage
        case .actorCall(let actor, let call): calls[actor, default: []].append(call)
        case .submitted(let value): children[value.parent, default: []].append(value.lineage)
        case .header, .started, .failed, .step, .end: break
        }
    }

    /// Outcomes as the owner of this epoch takes them; results whose file was never written are left out, and run again.
    package func history(owner: Address) -> [LineageID: OwnerInstance.Recorded] {
        var history: [LineageID: OwnerInstance.Recorded] = [:]
        history.reserveCapacity(finished.count)
        for (lineage, record) in finished {
            let states = record.results + record.moved.map(\.state)
            if states.contains(where: \.isVolatile) { continue }
            if states.contains(where: \.isInFile) {
                history[lineage] = .init(fingerprint: record.fingerprint, states: [], isInFiles: true, version: record.function.version)
            } else if let recorded = record.inMemory(owner: owner) {
                history[lineage] = recorded
            }
        }
        return history
    }

    /// What a task that runs again has finished and decided before, itself and in the tasks below it that have not ended: travels with its
    /// push. Results in files are left out, and so is what exceeds ``RuntimeLimits/historyBytes``: it runs again.
    package func descendants(of lineage: LineageID, owner: Address) -> [HistoryEntry] {
        var entries: [HistoryEntry] = []
        var bytes = 0
        var seen: Set<LineageID> = [lineage]
        var open = [lineage]
        while let parent = open.popLast() {
            for key in decided[parent] ?? [] {
                let answer = decisions[key] ?? []
                bytes += answer.count + 64
                if bytes > RuntimeLimits.historyBytes { return entries }
                entries.append(HistoryEntry(lineage: key.lineage, answer: answer))
            }
            for child in children[parent] ?? [] where seen.insert(child).inserted {
                guard let recorded = finished[child]?.inMemory(owner: owner), recorded.moved.isEmpty else {
                    open.append(child)
                    continue
                }
                for case .inline(let enclosed) in recorded.states { bytes += enclosed.payload.bytes.count + 64 }
                if bytes > RuntimeLimits.historyBytes { return entries }
                entries.append(HistoryEntry(lineage: child, states: recorded.states))
            }
        }
        return entries
    }
}

extension DecisionKey {
    /// Among the history that travels with a task, a decision is an entry too.
    var lineage: LineageID {
        var hasher = Digest128Hasher()
        hasher.update("rayflow.decision")
        hasher.update(parent)
        hasher.update(UInt64(kind.rawValue))
        hasher.update(question.high)
        hasher.update(question.low)
        hasher.update(UInt64(ordinal))
        return LineageID(high: hasher.digest.high, low: hasher.digest.low)
    }
}

extension HistoryEntry {
    fileprivate init(lineage: LineageID, answer: [UInt8]) {
        self.init(lineage: lineage, states: [.inline(EnclosedPayload(Payload(type: "rayflow.decision", bytes: answer)))])
    }
}

extension RecordedState {
    var isInFile: Bool { if case .persisted = self { true } else { false } }
    /// The result was in shared memory and was never written to a file.
    var isVolatile: Bool { if case .persisted("", _, _, _) = self { true } else { false } }

    /// - Parameter load: brings the object of a file back; nil when it cannot.
    func state(
        of id: ObjectID, owner: Address, origins: [ObjectID: RefOrigin], load: (RecordedState, ObjectID) -> ObjectState?
    ) -> ObjectState? {
        switch self {
        case .inline(let payload):
            if payload.type == RecordMaking.failureTag {
                var reader = ByteReader(payload.bytes)
                return (try? reader.errorRecord()).map { .failed($0) }
            }
            let origins = payload.refs.map { origins[$0] ?? RefOrigin(owner: owner, lineage: .none) }
            return .inline(EnclosedPayload(payload, origins: origins))
        case .persisted: return load(self, id)
        }
    }
}

extension FinishedRecord {
    /// - Parameter task: the execution whose results these become.
    func inMemory(
        owner: Address, as task: TaskID? = nil, load: (RecordedState, ObjectID) -> ObjectState? = { _, _ in nil }
    ) -> OwnerInstance.Recorded? {
        let task = task ?? TaskID(unique: 0, actor: .none(in: JobID(0)))
        var origins: [ObjectID: RefOrigin] = [:]
        for object in moved { origins[object.id] = RefOrigin(owner: owner, lineage: object.lineage) }
        var states: [ObjectState] = []
        for (index, result) in results.enumerated() {
            let id = ObjectID(task: task, index: UInt32(index + 1))
            guard let state = result.state(of: id, owner: owner, origins: origins, load: load) else { return nil }
            states.append(state)
        }
        var objects: [MovedObject] = []
        for object in moved {
            guard let state = object.state.state(of: object.id, owner: owner, origins: origins, load: load) else { return nil }
            objects.append(MovedObject(id: object.id, lineage: object.lineage, state: state))
        }
        return OwnerInstance.Recorded(fingerprint: fingerprint, states: states, moved: objects, version: function.version)
    }
}
