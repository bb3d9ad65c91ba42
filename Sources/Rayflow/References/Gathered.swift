/// An array made of refs and values: the task starts when all are ready, and its body receives plain values. Made by `gather`.
public struct Gathered<Element: RemoteValue>: RemoteArgument {
    public typealias Resolved = [Element]
    let parts: [any RemoteArgument<Element>]
    public func _argument() throws -> EncodedArgument { EncodedArgument(.gather(try parts.map { try $0._argument().argument })) }
}

/// `[Element]` from refs, in their order.
public func gather<Element>(_ refs: [ObjectRef<Element>]) -> Gathered<Element> { Gathered(parts: refs) }
/// `[Element]` from refs and values, in their order.
public func gather<Element>(_ parts: any RemoteArgument<Element>...) -> Gathered<Element> { Gathered(parts: parts) }
