/// A constructor or method of an actor: what ``Members`` takes.
public protocol RemoteMember<Host>: Sendable {
    associatedtype Host: RemoteActor
    var _entry: MemberEntry<Host> { get }
}
