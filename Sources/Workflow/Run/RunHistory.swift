internal import Raylet
package import RayflowCore

/// The past of a run as its journal tells it: what a resume goes on from, and what `status` shows when nobody runs it.
package struct RunHistory: Sendable {
    /// Of each epoch, oldest first.
    package private(set) var headers: [RunHeader] = []
    /// The last record of each position.
    package private(set) var steps: [String: StepRecord] = [:]
    /// The last record of each position that had an attempt: what decides whether it runs again. An epoch that skipped the position or
    /// never came to it does not make undone what was done before.
    package private(set) var runs: [String: StepRecord] = [:]
    /// Positions in the order in which they first came up.
    package private(set) var positions: [String] = []
    /// Attempts of shell steps by position, in the order of their numbers.
    package private(set) var attempts: [String: [AttemptHistory]] = [:]
    /// Of the last epoch, if it came to an end.
    package private(set) var end: EndRecord?

    private var attemptNames: [LineageID: (position: String, number: Int)] = [:]

    package init() {}

    package init(_ records: some Sequence<RunRecord>) {
        for record in records { add(record) }
    }

    /// Records come in the journal's order.
    package mutating func add(_ record: RunRecord) {
        switch record {
        case .header(let header):
            headers.append(header)
            end = nil
        case .submitted(let submitted) where submitted.kind == .step:
            guard let name = StepPosition.parse(attempt: submitted.name) else { return }
            attemptNames[submitted.lineage] = name
            change(name.position, name.number, submitted.lineage) { _ in }
        case .started(let lineage, _, _): change(lineage) { $0.isStarted = true }
        case .finished(let finished):
            change(finished.lineage) { attempt in
                attempt.isFinished = true
                attempt.exit = Self.exit(finished)
            }
        case .failed(let lineage, _, let error, _): change(lineage) { $0.error = error }
        case .step(let position, let text, _):
            guard let json = try? JSON.parse(text), let step = StepRecord(json: json) else { return }
            if step.attempt > 0 { runs[position] = step }
            if steps.updateValue(step, forKey: position) == nil { positions.append(position) }
        case .end(let record): end = record
        case .submitted, .decision, .actorCreated, .actorCall: break
        }
    }

    private static func exit(_ finished: FinishedRecord) -> StepExit? {
        guard case .inline(let payload)? = finished.results.first else { return nil }
        var reader = ByteReader(payload.bytes)
        guard let exit = try? StepExit(from: &reader), (try? reader.finish()) != nil else { return nil }
        return exit
    }

    private mutating func change(_ lineage: LineageID, _ body: (inout AttemptHistory) -> Void) {
        guard let name = attemptNames[lineage] else { return }
        change(name.position, name.number, lineage, body)
    }

    private mutating func change(_ position: String, _ number: Int, _ lineage: LineageID, _ body: (inout AttemptHistory) -> Void) {
        var list = attempts[position] ?? []
        let index: Int
        if let found = list.lastIndex(where: { $0.number == number }) {
            index = found
        } else {
            index = list.firstIndex { $0.number > number } ?? list.count
            list.insert(AttemptHistory(number: number, lineage: lineage), at: index)
        }
        body(&list[index])
        attempts[position] = list
    }

    /// The last attempt of a position that the engine heard of.
    package func lastAttempt(_ position: String) -> AttemptHistory? { attempts[position]?.last }

    package func attempt(_ position: String, _ number: Int) -> AttemptHistory? { attempts[position]?.last { $0.number == number } }

    /// The inputs that the run was started with.
    package var inputs: JSONObject? { headers.last.flatMap { try? JSON.parse($0.inputs) }?.objectValue }

    /// Of the epoch that comes next.
    package var nextEpoch: UInt32 { (headers.map(\.epoch).max() ?? 0) + 1 }
}
