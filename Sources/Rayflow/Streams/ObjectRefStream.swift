import Synchronization

import RayflowCore

/// What a function with a ``RemoteSink`` gives: a ref to each item, while the task runs.
///
/// It is read once: iterators of the same stream share its position. After the last item it throws the task's error, if there is one, and then
/// stays ended. An item is freed with its last ref. When the stream and its iterators are gone before the end, the items that were not taken are
/// freed and the producer's next `send` throws `cancelled`. A stream is no argument; its refs are.
public struct ObjectRefStream<Item: RemoteValue>: AsyncSequence, Sendable {
    public typealias Element = ObjectRef<Item>
    package let box: StreamBox

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(box: box) }

    public struct AsyncIterator: AsyncIteratorProtocol {
        let box: StreamBox

        /// - Throws: the task's error, once; `CancellationError` when the calling task is cancelled, which leaves the remote one alone.
        public mutating func next() async throws -> ObjectRef<Item>? {
            try await box.next().map { ObjectRef(RefBox(adopting: $0, in: box.end.cluster)) }
        }
    }
}

/// The consumer's side of a stream, shared by its copies and iterators.
package final class StreamBox: Sendable {
    /// The result of the task, which says how the stream ended.
    package let end: RefBox
    private let isOver = Atomic<Bool>(false)

    init(_ end: RefBox) { self.end = end }

    func next() async throws -> ObjectID? {
        if isOver.load(ordering: .relaxed) { return nil }
        switch try await end.cluster.engine.nextItem(of: end.id) {
        case .item(let id): return id
        case .ended:
            isOver.store(true, ordering: .relaxed)
            return nil
        case .failed(let record):
            // Of several iterators one hears of it.
            if isOver.exchange(true, ordering: .relaxed) { return nil }
            let error = end.cluster.failure(record)
            throw error.cause as? any RemoteError ?? error
        }
    }

    deinit { end.cluster.engine.closeStream(end.id) }
}
