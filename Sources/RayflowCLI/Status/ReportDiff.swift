import Workflow

/// What has happened between two looks at a run in another process, as the events that a run of one's own would have given.
enum ReportDiff {
    static func events(from old: StatusModel?, to new: StatusModel) -> [RunEvent] {
        var known: [String: StatusModel.Step] = [:]
        for unit in old?.steps.flatMap(\.units) ?? [] { known[unit.id] = unit }
        let expanded = Set((old?.steps ?? []).filter { $0.items != nil }.map(\.id))
        var events: [RunEvent] = []
        for step in new.steps {
            if let items = step.items, !expanded.contains(step.id) { events.append(.expanded(step: step.id, items: items.count)) }
            for unit in step.units { events += change(known[unit.id], unit) }
        }
        return events
    }

    private static func change(_ old: StatusModel.Step?, _ new: StatusModel.Step) -> [RunEvent] {
        guard old?.isEnded != true else { return [] }
        var events: [RunEvent] = []
        if new.state == "running", old?.state != "running" || old?.attempts != new.attempts {
            events.append(.started(position: new.id, attempt: new.attempts))
        }
        guard let status = StepStatus(rawValue: new.state), status.isEnded else { return events }
        let time = new.seconds.map { UInt64(max($0, 0) * 1e9) }
        events.append(.finished(position: new.id, status: status, attempt: new.attempts, nanoseconds: time, isReused: new.isReused))
        if let error = new.error, new.isFailed {
            let failure = StepFailure(status == .timedOut ? .timeout : .failure, error)
            events.append(.failed(position: new.id, failure: failure, isTolerated: new.isTolerated, tail: []))
        }
        return events
    }
}
