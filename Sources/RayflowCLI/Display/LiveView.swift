import Workflow

/// A block at the bottom of the terminal that is drawn anew a few times in a second; what is worth keeping scrolls away above it.
///
/// The cursor stays visible, so nothing has to be repaired whatever happens to this process.
struct LiveView: RunView {
    private let outlet: Outlet
    private let columns: @Sendable () -> Int
    private var tally = Tally(steps: 0)
    private var workflow = ""
    private var run = ""
    private var start: UInt64 = 0
    private var drawnLines = 0
    private var lastDrawn: UInt64 = 0
    private var pending = ""

    init(outlet: Outlet, columns: @escaping @Sendable () -> Int) {
        self.outlet = outlet
        self.columns = columns
    }

    mutating func begin(run: String, workflow: String, steps: Int, isResumed: Bool, now: UInt64) {
        (self.run, self.workflow, start) = (run, workflow, now)
        tally = Tally(steps: steps)
        draw(now)
    }

    mutating func on(_ event: RunEvent, now: UInt64) {
        tally.on(event, now: now)
        switch event {
        case .failed, .retrying, .inputChanged, .note:
            if let line = EventText.line(event) { pending += line + "\n" }
        case .submitted(_, _, let rerun?) where rerun == .inDoubt:
            if let line = EventText.line(event) { pending += line + "\n" }
        case .submitted, .expanded, .started, .finished: break
        }
    }

    mutating func log(_ text: String, now: UInt64) { pending += text }

    mutating func tick(now: UInt64) { draw(now) }

    mutating func end(now: UInt64) {
        outlet.write(erase + pending)
        pending = ""
        drawnLines = 0
    }

    private var erase: String { drawnLines == 0 ? "" : "\r\u{1B}[\(drawnLines)A\u{1B}[J" }

    private mutating func draw(_ now: UInt64) {
        let width = max(columns() - 1, 20)
        var lines = [summary(now)]
        for step in tally.running.prefix(CommandLimits.shownRunning) {
            lines.append("  \(step.position)  \(TimeText.span(now >= step.since ? now - step.since : 0))")
        }
        let more = tally.running.count - CommandLimits.shownRunning
        if more > 0 { lines.append("  and \(more) more") }
        let picture = lines.map { Self.cut($0, width) + "\n" }.joined()
        outlet.write(erase + pending + picture)
        pending = ""
        drawnLines = lines.count
    }

    private func summary(_ now: UInt64) -> String {
        var parts = ["\(tally.ended) of \(tally.total) done", "\(tally.running.count) running"]
        if tally.reused > 0 { parts.append("\(tally.reused) from before") }
        if tally.failed > 0 { parts.append("\(tally.failed) failed") }
        parts.append(TimeText.span(now >= start ? now - start : 0))
        return "\(workflow) \(run): " + parts.joined(separator: ", ")
    }

    /// One line of the picture must be one line of the terminal.
    private static func cut(_ line: String, _ width: Int) -> String {
        let line = Terminal.visible(line)
        guard line.count > width else { return line }
        return line.prefix(width - 1) + "…"
    }
}
