package import RayflowCore

/// Tells what is written to another store, once it is.
package final class ObservableStoreClient: StoreClient {
    private let store: any StoreClient
    private let observer: @Sendable ([StoreChange]) -> Void

    /// - Parameter observer: called with the changes of each write, in order, before the writer hears of it; must not block.
    package init(_ store: any StoreClient, observer: @escaping @Sendable ([StoreChange]) -> Void) {
        self.store = store
        self.observer = observer
    }

    package func load() throws(RayflowError) -> StoreContents { try store.load() }

    package func write(_ changes: [StoreChange], written: @escaping @Sendable (Result<Void, RayflowError>) -> Void) {
        store.write(changes) { [observer] result in
            if case .success = result { observer(changes) }
            written(result)
        }
    }

    package func close() { store.close() }
}
