public import RayflowCore

/// A reference to an object whose type is not known here.
public struct AnyObjectRef: Hashable, Sendable {
    package let box: RefBox
    package init(_ box: RefBox) { self.box = box }

    public var id: ObjectID { box.id }
    public static func == (a: Self, b: Self) -> Bool { a.id == b.id }
    public func hash(into hasher: inout Hasher) { hasher.combine(id) }

    /// The same ref, typed. Reading it as a type that the object is not throws `typeMismatch`.
    public func typed<Value: RemoteValue>(as _: Value.Type = Value.self) -> ObjectRef<Value> { ObjectRef(box) }
}
