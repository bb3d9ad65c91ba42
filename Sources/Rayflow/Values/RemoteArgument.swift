/// What may stand where a remote function or method takes a `Resolved`: the value itself, or a reference to it.
public protocol RemoteArgument<Resolved>: Sendable {
    /// The type that the body receives.
    associatedtype Resolved: RemoteValue
    func _argument() throws -> EncodedArgument
}

/// An argument, encoded. Made by the library only.
public struct EncodedArgument: Sendable {
    package let argument: Argument
    package init(_ argument: Argument) { self.argument = argument }
}

extension RemoteArgument where Self: RemoteValue, Resolved == Self {
    public func _argument() throws -> EncodedArgument { EncodedArgument(.value(try Payload(encoding: self))) }
}
