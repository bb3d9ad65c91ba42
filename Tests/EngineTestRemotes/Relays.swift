public import Rayflow

/// Calls a counter on behalf of others, several at a time if it may.
public final class Relay: RemoteActor, Sendable {
    private let counter: ActorHandle<Counter>
    init(_ counter: ActorHandle<Counter>) { self.counter = counter }

    public static let start = constructor("init(counter:)") { (counter: ActorHandle<Counter>) in Relay(counter) }
    public static let echo = method("echo(n:)") { (_: Relay, n: Int) in n }
    /// Its call waits for an argument; a line tells that it was made.
    public static let pass = method("pass(refs:path:)") { (me: Relay, refs: [ObjectRef<Int>], path: String) in
        let sum = me.counter.add.remote(refs[0])
        try appendLine("passed", to: path)
        return try await sum.get()
    }
    /// Makes its call when the file exists.
    public static let addAfter = method("addAfter(gate:n:)") { (me: Relay, gate: String, n: Int) in
        try await passed(gate)
        return try await me.counter.add.remote(n).get()
    }
    /// Reads a ref that came inside a value; a line tells that it began to.
    public static let read = method("read(refs:path:)") { (_: Relay, refs: [ObjectRef<Int>], path: String) in
        try appendLine("reads", to: path)
        return try await refs[0].get()
    }
    public static let members = Members(start, echo, pass, addAfter, read)

    /// Another caller of the relay.
    public static let readThrough = RemoteFunction("readThrough(relay:refs:path:)") {
        (relay: ActorHandle<Relay>, refs: [ObjectRef<Int>], path: String) in try await relay.read.remote(refs, path).get()
    }
    /// Makes a counter that its caller goes on with.
    public static let makeCounter = RemoteFunction("makeCounter(start:)") { (start: Int) in Counter.start.remote(start) }
}
