public import RayflowCore

/// What an actor is called through. Handles travel in arguments, results and values, and are counted: an actor ends with its last one.
@dynamicMemberLookup
public struct ActorHandle<Host: RemoteActor>: RemoteValue {
    package let box: RefBox
    package init(_ box: RefBox) { self.box = box }

    public var id: ActorID { box.id.task.actor }

    /// The method that a constant of the actor's type declares: `handle.add.remote(1)`.
    public subscript<each Parameter: RemoteValue, Output: RemoteOutput>(
        dynamicMember method: KeyPath<Host.Type, RemoteMethod<Host, repeat each Parameter, Output>>
    ) -> BoundMethod<Host, repeat each Parameter, Output> {
        BoundMethod(handle: self, method: Host.self[keyPath: method])
    }
}

extension ActorHandle: Hashable {
    public static func == (a: Self, b: Self) -> Bool { a.box.id == b.box.id }
    public func hash(into hasher: inout Hasher) { hasher.combine(box.id) }
}

extension ActorHandle {
    public func write(to writer: ValueWriter) { writer.ref(box.id) }
    public static func read(from reader: ValueReader) throws -> Self {
        let id = try reader.ref()
        guard id.handledActor != nil else { throw reader.corrupt("a ref where a handle is expected") }
        guard let cluster = reader.cluster else { throw reader.corrupt("a handle outside of a cluster") }
        return ActorHandle(RefBox(retaining: id, in: cluster))
    }
    public init(from decoder: any Decoder) throws {
        guard let reader = decoder as? ValueReader else { throw RayflowError(.invalidArgument, "an ActorHandle cannot be read from JSON") }
        self = try .read(from: reader)
    }
    public func encode(to encoder: any Encoder) throws {
        guard let writer = encoder as? ValueWriter else { throw RayflowError(.invalidArgument, "an ActorHandle cannot be written as JSON") }
        write(to: writer)
    }
}
