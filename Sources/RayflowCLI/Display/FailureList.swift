import Workflow

/// The first failures that count, with the ends of their logs: for the summary.
struct FailureList: Sendable {
    struct Item: Sendable {
        var position: String
        var failure: StepFailure
        var tail: [String]
    }

    private(set) var items: [Item] = []
    private(set) var more = 0

    mutating func on(_ event: RunEvent) {
        guard case .failed(let position, let failure, let isTolerated, let tail) = event, !isTolerated else { return }
        if items.count < CommandLimits.shownFailures {
            items.append(Item(position: position, failure: failure, tail: tail))
        } else {
            more += 1
        }
    }
}
