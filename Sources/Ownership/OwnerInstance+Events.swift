import RayflowCore

// What becomes of tasks, for whoever watches: at once for an observer in this process, a little later for the GCS.
extension OwnerInstance {
    func change(_ spec: TaskSpec, _ state: TaskChange.State) -> TaskChange {
        TaskChange(
            task: spec.id, lineage: spec.lineage, name: spec.shownName,
            attempt: spec.attempt, state: state)
    }

    /// - Parameter isReported: whether the GCS has heard of the task.
    mutating func tell(
        _ spec: TaskSpec, isReported: Bool, _ state: @autoclosure () -> TaskChange.State, into out: inout [OwnerDirective]
    ) {
        if tellsChanges { out.append(.taskChanged(change(spec, state()))) }
        if reportsTasks { report(spec, isReported: isReported, state(), into: &out) }
    }

    /// The same of a task that has not ended, which is looked at only when somebody is told.
    mutating func tell(_ id: TaskID, _ state: TaskChange.State, into out: inout [OwnerDirective]) {
        guard let isReported = tasks.with(id, { $0.isReported }) else { return }
        guard tellsChanges || isReported || taskEvents.takesNew else { return taskEvents.drop() }
        if let spec = tasks[id]?.spec { tell(spec, isReported: isReported, state, into: &out) }
    }

    private mutating func report(
        _ spec: TaskSpec, isReported: Bool, _ state: TaskChange.State, into out: inout [OwnerDirective]
    ) {
        let event = TaskEvent.State(state)
        guard taskEvents.admits(isKnown: isReported, isGoodEnd: event == .finished || event == .reused) else { return }
        if !isReported { tasks[spec.id]?.isReported = true }
        let isFirst = taskEvents.append(
            TaskEvent(
                task: spec.id, attempt: spec.attempt, state: event, wallNS: 0,
                name: spec.shownName, message: state.message))
        if isFirst { out.append(.startTimer(.taskEvents, afterNS: Limits.taskEventsNS)) }
    }

    /// The events since the last call happened now: this side has no clock.
    package mutating func stampEvents(wallNS: @autoclosure () -> UInt64) {
        if taskEvents.hasUnstamped { taskEvents.stamp(wallNS: wallNS()) }
    }

    mutating func reportTasks(into out: inout [OwnerDirective]) { out.append(.send(.taskEvents(taskEvents.take()), to: .gcs)) }
}

extension TaskEvent.State {
    fileprivate init(_ state: TaskChange.State) {
        self =
            switch state {
            case .queued: .queued
            case .running: .running
            case .retrying: .retrying
            case .finished: .finished
            case .reused: .reused
            case .failed: .failed
            case .cancelled: .cancelled
            }
    }
}

extension TaskChange.State {
    fileprivate var message: String {
        switch self {
        case .retrying(let error), .failed(let error): error.message
        case .queued, .running, .finished, .reused, .cancelled: ""
        }
    }
}
