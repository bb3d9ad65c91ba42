import CLinux
import Dispatch
import Synchronization
import Workflow

/// Brings events to a view, in order, from whatever thread they come; a terminal that stands still holds nobody up.
///
/// What is posted before ``begin(_:)`` waits for it.
final class Presenter: Sendable {
    private struct State {
        var view: any RunView
        var logs: LogFollower?
        var failures = FailureList()
    }

    private let queue = DispatchQueue(label: "rayflow.presenter", attributes: .initiallyInactive)
    private let state: Mutex<State>
    /// Touched on the queue, or before it runs.
    private nonisolated(unsafe) let timer: any DispatchSourceTimer

    init(_ view: any RunView) {
        state = Mutex(State(view: view))
        timer = DispatchSource.makeTimerSource(queue: queue)
    }

    /// - Parameter attempts: the folder with the attempts' logs, when what the steps write shall be shown.
    func begin(run: String, workflow: String, steps: Int, isResumed: Bool, attempts: String?) {
        let interval = DispatchTimeInterval.milliseconds(CommandLimits.redrawMilliseconds)
        timer.schedule(deadline: .now() + interval, repeating: interval)
        timer.setEventHandler { [weak self] in self?.tick() }
        state.withLock { state in
            state.logs = attempts.map { LogFollower(attempts: $0) }
            state.view.begin(run: run, workflow: workflow, steps: steps, isResumed: isResumed, now: rf_monotonic_ns())
        }
        queue.activate()
        timer.resume()
    }

    func post(_ event: RunEvent) {
        queue.async {
            self.state.withLock { state in
                if let text = state.logs?.on(event), !text.isEmpty { state.view.log(text, now: rf_monotonic_ns()) }
                state.failures.on(event)
                state.view.on(event, now: rf_monotonic_ns())
            }
        }
    }

    private func tick() {
        state.withLock { state in
            if let text = state.logs?.read(), !text.isEmpty { state.view.log(text, now: rf_monotonic_ns()) }
            state.view.tick(now: rf_monotonic_ns())
        }
    }

    /// Returns when everything that was posted has been shown; gives what has failed. Once, at the end.
    func end() async -> FailureList {
        await withCheckedContinuation { continuation in
            queue.async {
                self.timer.cancel()
                let failures = self.state.withLock { state in
                    if let text = state.logs?.finish(), !text.isEmpty { state.view.log(text, now: rf_monotonic_ns()) }
                    state.view.end(now: rf_monotonic_ns())
                    return state.failures
                }
                continuation.resume(returning: failures)
            }
        }
    }

    /// For a run that did not start: nothing is shown, and nothing waits any longer.
    func discard() {
        timer.cancel()
        timer.resume()
        queue.activate()
    }
}
