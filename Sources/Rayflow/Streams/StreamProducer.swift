import Ownership
import RayflowCore

/// The producer's side of one stream: at most a window ahead of what the consumer has taken.
final class StreamProducer: SinkTarget, @unchecked Sendable {
    private let executor: Executor
    private let spec: TaskSpec
    private let owner: Address
    private let lock = Lock()
    /// Held while an item is stored and sent, which takes answers of the loop: the loop never takes it.
    private let order = Lock()
    /// Items whose place in the window is taken; those that are sent come first.
    private var reserved: UInt32 = 0
    private var sent: UInt32 = 0
    private var taken: UInt32 = 0
    /// Nobody reads the stream any more.
    private var isUnread = false
    private var isClosed = false
    private var waiting: [UInt64: CheckedContinuation<Void, Never>] = [:]
    private var nextWait: UInt64 = 0

    init(_ executor: Executor, _ spec: TaskSpec, owner: Address) {
        self.executor = executor
        self.spec = spec
        self.owner = owner
    }

    func send(_ payload: Payload) async throws {
        try await reserve()
        do {
            // What the item refers to and this process owns moves along, finished.
            let moved = payload.refs.isEmpty ? [] : try await executor.moved([.inline(executor.core.enclose(payload))])
            try emit(payload, moved)
        } catch {
            lock.withLock { reserved -= 1 }
            throw error
        }
    }

    /// Items leave in the order of their numbers.
    private func emit(_ payload: Payload, _ moved: [MovedObject]) throws {
        try order.withLock {
            let number = lock.withLock { sent }
            let id = ObjectID.item(number, of: spec.id)
            let state = try executor.store(payload, as: id, spec.attempt)
            var item = StreamItem(task: spec.id, attempt: spec.attempt, number: number, state: state, moved: moved)
            if !payload.refs.isEmpty {
                var states = [state], moved = moved
                item.delivery = executor.core.step { [owner] table, _ in table.deliver(&states, moved: &moved, to: owner) }
                item.state = states[0]
                item.moved = moved
            }
            executor.core.post(.streamItem(item), to: owner)
            lock.withLock { sent += 1 }
        }
    }

    func close() -> UInt32 {
        lock.withLock {
            isClosed = true
            return sent
        }
    }

    func acknowledged(_ m: StreamAck) {
        guard m.attempt == spec.attempt else { return }
        let woken = lock.withLock {
            taken = max(taken, m.taken)
            isUnread = isUnread || m.isClosed
            defer { waiting = [:] }
            return waiting.sorted { $0.key < $1.key }.map(\.value)
        }
        for continuation in woken { continuation.resume() }
    }

    // MARK: The window

    /// Under the lock. An attempt that repeats items is behind what was taken of those before.
    private var hasRoom: Bool { reserved < taken || reserved - taken < spec.options.streamWindow }

    private func reserve() async throws {
        while true {
            try Task.checkCancellation()
            let isReserved = try lock.withLock { () throws -> Bool in
                if isClosed { throw RayflowError(.invalidArgument, "the body of \(spec.function.name) has ended: its sink takes no items") }
                if isUnread { throw RayflowError(.cancelled, "nobody reads the stream of \(spec.function.name) any more") }
                guard reserved < StreamLimits.items else {
                    throw RayflowError(.invalidArgument, "a stream has at most \(StreamLimits.items) items")
                }
                if hasRoom { reserved += 1; return true }
                return false
            }
            if isReserved { return }
            await waitForRoom()
        }
    }

    private func waitForRoom() async {
        // A producer that waits gives its CPU back: its consumer may need it.
        executor.beginWaiting()
        let token = lock.withLock {
            nextWait += 1
            return nextWait
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = lock.withLock {
                    if Task.isCancelled || isUnread || hasRoom { return true }
                    waiting[token] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            lock.withLock { waiting.removeValue(forKey: token) }?.resume()
        }
        executor.endWaiting()
    }
}

/// The streams that run in this process, by task.
final class StreamProducers: @unchecked Sendable {
    private let lock = Lock()
    private var producers: [TaskID: StreamProducer] = [:]

    subscript(task: TaskID) -> StreamProducer? {
        get { lock.withLock { producers[task] } }
        set { lock.withLock { producers[task] = newValue } }
    }

    func acknowledged(_ m: StreamAck) { self[m.task]?.acknowledged(m) }
}
