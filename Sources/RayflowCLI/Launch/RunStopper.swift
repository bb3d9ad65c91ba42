import Synchronization
import Workflow

/// Passes the first signal on to the run, whichever of the two is there first.
final class RunStopper: Sendable {
    private struct State {
        var run: WorkflowRun?
        var signal: Int32?
        var onStop: (@Sendable (Int32) -> Void)?
    }

    private let state = Mutex(State())

    func stop(_ signal: Int32) {
        let state = state.withLock { state in
            state.signal = signal
            return state
        }
        fire(state)
    }

    func began(_ run: WorkflowRun, _ onStop: @escaping @Sendable (Int32) -> Void) {
        let state = state.withLock { state in
            state.run = run
            state.onStop = onStop
            return state
        }
        fire(state)
    }

    private func fire(_ state: State) {
        guard let run = state.run, let signal = state.signal else { return }
        state.onStop?(signal)
        run.cancel()
    }
}
