import Ownership
import RayflowCore

extension RemoteFunction {
    /// A function that gives items while it runs: the body puts them into a sink, which waits for a consumer that is behind.
    public init<Item: RemoteValue>(
        _ signature: String, version: Int = 1, fileID: StaticString = #fileID, line: UInt = #line,
        _ body: @escaping @Sendable (RemoteSink<Item>, repeat each Parameter) async throws -> Void
    ) where Output == Streamed<Item> {
        let declaration = Declaration(signature, version: version, fileID: fileID, line: line)
        self.init(declaration) { (arguments: repeat each Parameter) in
            let target = try RunningStream.required(declaration.name)
            try await body(RemoteSink(target: target), repeat each arguments)
            return .values([Payload(itemCount: target.close())])
        }
        taskOptions.window = StreamLimits.window
    }

    /// A function that gives the elements of a sequence while they come. The sequence is pulled at the consumer's pace; one that buffers by
    /// itself, as `AsyncStream` does, fills the worker's memory.
    public init<Items: AsyncSequence & SendableMetatype>(
        _ signature: String, version: Int = 1, fileID: StaticString = #fileID, line: UInt = #line,
        _ body: @escaping @Sendable (repeat each Parameter) async throws -> Items
    ) where Output == Streamed<Items.Element>, Items.Element: RemoteValue {
        let declaration = Declaration(signature, version: version, fileID: fileID, line: line)
        self.init(declaration) { (arguments: repeat each Parameter) in
            let target = try RunningStream.required(declaration.name)
            let sink = RemoteSink<Items.Element>(target: target)
            for try await item in try await body(repeat each arguments) { try await sink.send(item) }
            return .values([Payload(itemCount: target.close())])
        }
        taskOptions.window = StreamLimits.window
    }

    /// The same function with another window: how many items it may be ahead of its consumer, 16 by default.
    public func options<Item>(window: Int) -> Self where Output == Streamed<Item> {
        var function = self
        function.taskOptions.window = window
        return function
    }

    /// Runs the body here, without a cluster and without a window: for unit tests.
    public func local<Item>(_ arguments: repeat each Parameter) async throws -> [Item] where Output == Streamed<Item> {
        var encoded: [ResolvedArgument] = []
        for argument in repeat each arguments { encoded.append(.payload(try Payload(encoding: argument))) }
        let sink = LocalSink(), call = Call(arguments: encoded, cluster: nil)
        _ = try await RunningStream.$target.withValue(sink) { try await invoke(call) }
        return try sink.payloads.map { try $0.decode(Item.self, in: nil) }
    }
}
