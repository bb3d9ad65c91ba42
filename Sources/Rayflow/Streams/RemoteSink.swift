package import RayflowCore

/// Where a streaming body puts its items: the first parameter of its closure.
public struct RemoteSink<Item: RemoteValue>: Sendable {
    let target: any SinkTarget

    /// Hands one item to the consumer, and waits while the consumer is a window behind.
    ///
    /// - Throws: `CancellationError` when the task was cancelled, `cancelled` when nobody reads the stream any more, `invalidArgument` for a value
    ///   that its own coder refuses and after the end of the body, `objectStoreFull`.
    public func send(_ item: Item) async throws {
        // Nobody else may hold the refs in it until it is under way.
        defer { withExtendedLifetime(item) {} }
        try await target.send(try Payload(encoding: item))
    }
}

/// Where the items of the running body go.
package protocol SinkTarget: AnyObject, Sendable {
    func send(_ payload: Payload) async throws
    /// Items so far; none is taken after that.
    func close() -> UInt32
}

enum RunningStream {
    @TaskLocal static var target: (any SinkTarget)?

    static func required(_ name: String) throws(RayflowError) -> any SinkTarget {
        if let target { return target }
        throw RayflowError(.unsupported, "\(name) gives a stream: it is called with remote(…), not by name", task: name)
    }
}

/// Keeps the items in memory: for `local`.
final class LocalSink: SinkTarget, @unchecked Sendable {
    private let lock = Lock()
    private var items: [Payload] = []
    func send(_ payload: Payload) { lock.withLock { items.append(payload) } }
    func close() -> UInt32 { lock.withLock { UInt32(clamping: items.count) } }
    var payloads: [Payload] { lock.withLock { items } }
}
