package import RayflowCore

/// An actor in its worker. The instance never leaves it: a class that is not `Sendable` is safe because the worker runs its calls one at a time.
package protocol ActorHost: AnyObject, Sendable {
    var id: ActorID { get }
    var instance: AnyObject { get }
    /// - Parameter member: index among the members of the type.
    func invoke(member: Int, _ call: Call) async throws -> ResultPayload
}

final class TypedHost<Host: RemoteActor>: ActorHost, @unchecked Sendable {
    let id: ActorID
    private let host: Host
    private let entries: [MemberEntry<Host>]

    init(id: ActorID, host: Host, entries: [MemberEntry<Host>]) {
        self.id = id
        self.host = host
        self.entries = entries
    }

    var instance: AnyObject { host }

    func invoke(member: Int, _ call: Call) async throws -> ResultPayload {
        guard entries.indices.contains(member), case .method(let body) = entries[member].body else {
            throw RayflowError(.notRegistered, "member \(member) of \(Host.self) is no method")
        }
        return try await body(host, call)
    }
}
