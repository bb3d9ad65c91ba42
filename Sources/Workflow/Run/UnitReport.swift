package import RayflowCore

/// The state of one step, or of one item of its fan-out.
package struct UnitReport: Sendable, Hashable {
    /// The position.
    package var id: String
    package var status: StepStatus
    /// Started in all epochs; of a fan-out the sum over its items.
    package var attempts: Int
    package var inDoubt: Int
    /// How often the engine ran the call again by itself because its worker had died; these use up no attempt.
    package var systemRetries = 0
    /// Failed, but the run goes on as if it had not.
    package var isTolerated = false
    /// Its result was taken from an earlier epoch.
    package var isReused = false
    /// Nanoseconds of the wall clock.
    package var started: UInt64?
    package var ended: UInt64?
    /// Why it does not run yet.
    package var waits: String?
    /// Why the engine, which has its attempt, has not begun it.
    package var pending: PendingReason?
    package var failure: StepFailure?
    package var rerun: RerunReason?
    /// Of a fan-out, once it is known; else nil.
    package var items: [UnitReport]?

    package init(_ id: String, _ status: StepStatus, attempts: Int = 0, inDoubt: Int = 0) {
        self.id = id
        self.status = status
        self.attempts = attempts
        self.inDoubt = inDoubt
    }

    init(_ id: String, _ record: StepRecord, isLive: Bool) {
        // What was running when everything died has failed only if somebody has to decide.
        let isUndecided = record.isUndecided && !isLive
        self.init(id, isUndecided ? .failed : record.status, attempts: record.attempt, inDoubt: record.inDoubt)
        systemRetries = record.systemRetries
        isTolerated = record.isTolerated
        started = record.started
        ended = record.ended
        failure = record.failure
        rerun = record.rerun
    }

    /// From the last record of each position, items below their steps.
    static func list(_ history: RunHistory, isLive: Bool) -> [UnitReport] {
        var order: [String] = []
        var tops: [String: UnitReport] = [:]
        var items: [String: [UnitReport]] = [:]
        for position in history.positions {
            guard let record = history.steps[position] else { continue }
            let id = StepPosition.step(of: position)
            if tops[id] == nil { order.append(id) }
            if position == id {
                tops[id] = UnitReport(id, record, isLive: isLive)
                if record.items != nil, items[id] == nil { items[id] = [] }
            } else {
                if tops[id] == nil { tops[id] = UnitReport(id, .running) }
                items[id, default: []].append(UnitReport(position, record, isLive: isLive))
            }
        }
        return order.compactMap { id in
            guard var step = tops[id] else { return nil }
            if let items = items[id] { step.adopt(items) }
            return step
        }
    }

    mutating func explain(_ reasons: [String: PendingReason]) {
        if let reason = reasons[id], !status.isEnded { pending = reason }
        for index in items?.indices ?? 0..<0 { items?[index].explain(reasons) }
    }

    /// Sums the items up.
    mutating func adopt(_ items: [UnitReport]) {
        self.items = items
        attempts = items.reduce(0) { $0 + $1.attempts }
        inDoubt = items.reduce(0) { $0 + $1.inDoubt }
        systemRetries = items.reduce(0) { $0 + $1.systemRetries }
        started = items.compactMap(\.started).min() ?? started
    }

    package var json: JSON {
        var object: JSONObject = ["id": .string(id), "state": .string(status.rawValue), "attempts": .int(attempts)]
        if inDoubt > 0 { object["in-doubt"] = .int(inDoubt) }
        if systemRetries > 0 { object["system-retries"] = .int(systemRetries) }
        if isTolerated { object["tolerated"] = true }
        if isReused { object["reused"] = true }
        if let started { object["started"] = .int(Int(clamping: started / 1_000_000)) }
        if let started, let ended, ended >= started { object["seconds"] = .double(Double((ended - started) / 1_000_000) / 1_000) }
        if let waits { object["waits"] = .string(waits) }
        if let pending { object["pending"] = ["code": .string(pending.code), "text": .string(pending.description)] }
        if let failure { object["error"] = failure.json }
        if let rerun { object["rerun"] = .string(rerun.rawValue) }
        if let items { object["items"] = .array(items.map(\.json)) }
        return .object(object)
    }
}
