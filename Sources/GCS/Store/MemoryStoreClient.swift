package import RayflowCore
import Synchronization

/// Keeps the tables in memory: they outlive a GCS, not its process.
package final class MemoryStoreClient: StoreClient {
    private struct State {
        var contents = StoreContents()
        var isClosed = false
    }
    private let state = Mutex(State())

    package init(_ contents: StoreContents = StoreContents()) { state.withLock { $0.contents = contents } }

    package func load() -> StoreContents { state.withLock { $0.contents } }

    package func write(_ changes: [StoreChange], written: @escaping @Sendable (Result<Void, RayflowError>) -> Void) {
        let isOpen = state.withLock { state in
            if !state.isClosed { state.contents.apply(changes) }
            return !state.isClosed
        }
        written(isOpen ? .success(()) : .failure(RayflowError(.shutDown, "the store is closed")))
    }

    package func close() { state.withLock { $0.isClosed = true } }
}
