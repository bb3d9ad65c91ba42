import Synchronization

/// Waits until so many have arrived.
final class Gathering: Sendable {
    private struct State {
        var missing: Int
        var continuation: CheckedContinuation<Void, Never>?
    }
    private let state: Mutex<State>

    init(count: Int) { state = Mutex(State(missing: count)) }

    func arrive() {
        let continuation = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.missing -= 1
            return state.missing <= 0 ? state.continuation.take() : nil
        }
        continuation?.resume()
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if state.missing > 0 { state.continuation = continuation }
                return state.missing <= 0
            }
            if isOver { continuation.resume() }
        }
    }
}
