import RayflowCore

/// A class or Swift actor that lives in a worker of its own and keeps state between calls.
///
/// By default one call runs to its end, across every `await`, before the next one starts, so a class need not be `Sendable`. What can be called
/// is listed in ``members``, as constants made by `constructor` and `method`.
public protocol RemoteActor: AnyObject, SendableMetatype {
    static var members: Members<Self> { get }
}

/// What of an actor can be called from afar.
public struct Members<Host: RemoteActor>: Sendable {
    package let entries: [MemberEntry<Host>]
    public init(_ members: any RemoteMember<Host>...) { entries = members.map { $0._entry } }
}

extension RemoteActor {
    /// The handle of the actor in whose call this runs: to be passed on or returned.
    /// - Throws: `invalidArgument` outside of a call of this actor.
    public var handle: ActorHandle<Self> {
        get throws {
            guard let context = TaskContext.current, let host = context.host, host.instance === self else {
                throw RayflowError(.invalidArgument, "the handle of \(Self.self) can be had inside of its own calls only")
            }
            return ActorHandle(RefBox(retaining: ObjectID(handleOf: host.id), in: context.cluster))
        }
    }
}
