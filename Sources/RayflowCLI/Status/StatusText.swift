/// The state of a run for a person.
struct StatusText {
    var model: StatusModel
    /// Which of the two answered, and as of when.
    var source: String
    var onlyFailed = false

    var text: String {
        var head = "run \(model.run)"
        if !model.workflow.isEmpty, model.workflow != "?" { head += " of \(model.workflow)" }
        var lines = ["\(head): \(model.result)", "  as of \(source)"]
        if let started = model.started {
            var line = "  started \(TimeText.local(milliseconds: started))"
            if let ended = model.ended, ended >= started { line += ", took \(TimeText.span(UInt64(ended - started) * 1_000_000))" }
            if model.epoch > 1 { line += ", resumed \(model.epoch == 2 ? "once" : "\(model.epoch - 1) times")" }
            lines.append(line)
        }
        let rows = model.steps.flatMap(rows)
        let width = rows.map(\.name.count).max() ?? 0
        let stateWidth = rows.map(\.state.count).max() ?? 0
        for row in rows {
            let name = row.name + String(repeating: " ", count: width - row.name.count)
            let state = row.state + String(repeating: " ", count: stateWidth - row.state.count)
            let line = "  \(name)  \(state)" + (row.rest.isEmpty ? "" : "  \(row.rest)")
            lines.append(Terminal.visible(String(line.reversed().drop { $0 == " " }.reversed())))
        }
        if rows.isEmpty, onlyFailed { lines.append("  no step has failed") }
        if !model.message.isEmpty, !onlyFailed {
            lines.append("  " + Terminal.visible(model.message.split(separator: "\n").joined(separator: "; ")))
        }
        return lines.joined(separator: "\n")
    }

    private func rows(_ step: StatusModel.Step) -> [(name: String, state: String, rest: String)] {
        // Of a fan-out, only the items that went wrong are worth a line.
        let items = (step.items ?? []).filter {
            $0.isFailed || $0.inDoubt > 0 || $0.pending != nil && !onlyFailed || $0.systemRetries > 0
                || (!onlyFailed && $0.attempts > 1 && $0.isEnded)
        }
        .map { ("  " + $0.id, $0.state, rest($0)) }
        if onlyFailed, !step.isFailed, !items.contains(where: { $0.1 == "failed" || $0.1 == "timed-out" }) { return [] }
        return [(step.id, step.state, rest(step))] + items
    }

    private func rest(_ step: StatusModel.Step) -> String {
        var parts: [String] = []
        if let items = step.items { parts.append("\(items.count(where: \.isEnded)) of \(items.count) items") }
        if step.isReused { parts.append("from before") }
        if step.attempts > (step.items?.count ?? 1) { parts.append("\(step.attempts) attempts") }
        if step.inDoubt > 0 { parts.append("\(step.inDoubt) in doubt: may have run twice") }
        if step.systemRetries > 0 {
            parts.append("run again \(step.systemRetries == 1 ? "once" : "\(step.systemRetries) times") after a worker died")
        }
        if let seconds = step.seconds { parts.append(TimeText.span(UInt64(max(seconds, 0) * 1e9))) }
        if step.isTolerated { parts.append("tolerated") }
        if let pending = step.pending, !step.isEnded {
            parts.append(pending)
        } else if let waits = step.waits, !step.isEnded {
            parts.append("waits for \(waits)")
        }
        if let error = step.error, step.isFailed || step.isTolerated || !step.isEnded {
            parts.append(error.split(separator: "\n").first.map(String.init) ?? error)
        }
        return parts.joined(separator: ", ")
    }
}
