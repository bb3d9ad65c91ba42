import Workflow

/// Counts what the events tell: how much is done, what runs since when.
struct Tally: Sendable {
    private(set) var total: Int
    private(set) var succeeded = 0
    private(set) var reused = 0
    private(set) var failed = 0
    /// Skipped, cancelled, or behind a failure.
    private(set) var notRun = 0
    /// Since when, in the order of their start.
    private(set) var running: [(position: String, since: UInt64)] = []

    init(steps: Int) { total = steps }

    var ended: Int { succeeded + failed + notRun }

    mutating func on(_ event: RunEvent, now: UInt64) {
        switch event {
        case .expanded(_, let items): total += items - 1
        case .started(let position, _):
            remove(position)
            running.append((position, now))
        case .retrying(let position, _, _, _): remove(position)
        case .finished(let position, let status, _, _, let isReused):
            remove(position)
            switch status {
            case .succeeded:
                succeeded += 1
                if isReused { reused += 1 }
            case .failed, .timedOut: failed += 1
            case .skipped, .cancelled, .upstreamFailed: notRun += 1
            case .pending, .waiting, .running: break
            }
        case .submitted, .failed, .inputChanged, .note: break
        }
    }

    private mutating func remove(_ position: String) {
        if let index = running.firstIndex(where: { $0.position == position }) { running.remove(at: index) }
    }
}
