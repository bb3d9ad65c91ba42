/// A ref that is received as a ref: see ``ObjectRef/borrowed``.
public struct Borrowed<Value: RemoteValue>: RemoteArgument {
    public typealias Resolved = ObjectRef<Value>
    let ref: ObjectRef<Value>
    public func _argument() throws -> EncodedArgument { EncodedArgument(.value(try Payload(encoding: ref))) }
}
