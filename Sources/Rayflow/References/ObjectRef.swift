public import RayflowCore

/// A reference to an object that exists or will: the result of a remote call, or a value put into the store.
///
/// Given where a `Value` is expected, it is a dependency; inside another value it is borrowed. It keeps the object and its cluster alive, may be
/// read on any thread, and travels inside remote values only (as JSON it is an error).
public struct ObjectRef<Value: RemoteValue>: RemoteValue {
    public typealias Resolved = Value
    package let box: RefBox

    package init(_ box: RefBox) { self.box = box }

    public var id: ObjectID { box.id }

    /// Waits for the value.
    ///
    /// - Parameter timeout: after it, `getTimeout` is thrown; the task goes on.
    /// - Throws: the body's own error if its type is registered, else ``RayflowError``. When the calling task is cancelled, `CancellationError`;
    ///   the remote task is left alone.
    @discardableResult
    public nonisolated(nonsending) func get(timeout: Duration? = nil) async throws -> Value {
        defer { withExtendedLifetime(box) {} }
        return try await box.cluster.value(of: id, timeout: timeout)
    }

    /// Waits for the value and never throws: a failure always comes with the remote facts, and with the typed error as its `cause`.
    public nonisolated(nonsending) func outcome() async -> Outcome<Value> {
        defer { withExtendedLifetime(box) {} }
        return await box.cluster.outcome(of: id)
    }

    /// Calls `body` once with what became of the object, on a task of its own; soon, if it is ready already. Until then the object is kept.
    ///
    /// A cluster that is shut down before ends it with `shutDown`.
    public func onReady(_ body: @escaping @Sendable (Outcome<Value>) async -> Void) {
        let ref = self
        box.cluster.engine.notify(whenReady: id) { Task { await body(await ref.outcome()) } }
    }

    /// This ref as a ref, where other refs beside it are dependencies.
    public var borrowed: Borrowed<Value> { Borrowed(ref: self) }
    public var erased: AnyObjectRef { AnyObjectRef(box) }
}

extension ObjectRef: Hashable {
    public static func == (a: Self, b: Self) -> Bool { a.id == b.id }
    public func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

extension ObjectRef {
    public func _argument() -> EncodedArgument { EncodedArgument(.ref(id)) }
    /// Returned from a body, the ref hands its object over: the task's result is whatever the object becomes.
    public func _result() -> EncodedResult { EncodedResult(.forward(id, hold: box)) }

    public func write(to writer: ValueWriter) { writer.ref(id) }
    public static func read(from reader: ValueReader) throws -> Self {
        let id = try reader.ref()
        guard let cluster = reader.cluster else { throw reader.corrupt("a ref outside of a cluster") }
        return ObjectRef(RefBox(retaining: id, in: cluster))
    }

    public init(from decoder: any Decoder) throws {
        guard let reader = decoder as? ValueReader else { throw RayflowError(.invalidArgument, "an ObjectRef cannot be read from JSON") }
        self = try .read(from: reader)
    }
    public func encode(to encoder: any Encoder) throws {
        guard let writer = encoder as? ValueWriter else { throw RayflowError(.invalidArgument, "an ObjectRef cannot be written as JSON") }
        write(to: writer)
    }
}

extension ObjectRef {
    /// The same object, read in place: one wire form, no copy.
    public func view<Element: RemoteNumber>() -> ObjectRef<RemoteBuffer<Element>> where Value == [Element] {
        ObjectRef<RemoteBuffer<Element>>(box)
    }
}
