import RayflowCore

/// What a call hands back: one ref, or a tuple of them.
public protocol RemoteOutput: SendableMetatype {
    associatedtype Refs: Sendable
    /// Number of results; negative for what cannot travel.
    static var _arity: Int { get }
    static var _codecs: [ValueCodec] { get }
    static func _refs(_ submitted: Submitted) -> Refs
}

/// The ids of a submission's results, counted for the caller. Made by the library only.
public struct Submitted: Sendable {
    let cluster: Cluster
    let ids: [ObjectID]

    func ref<T: RemoteValue>(_ index: Int, _: T.Type) -> ObjectRef<T> { ObjectRef(RefBox(adopting: ids[index], in: cluster)) }
}

/// One result.
public enum Single<Result: RemoteValue>: RemoteOutput {
    public static var _arity: Int { 1 }
    public static var _codecs: [ValueCodec] { [ValueCodec(Result.self)] }
    public static func _refs(_ submitted: Submitted) -> ObjectRef<Result> { submitted.ref(0, Result.self) }
}

/// Several results: one ref each.
public struct Several<each Result: RemoteValue>: RemoteOutput {
    public typealias Refs = (repeat ObjectRef<each Result>)
    public static var _arity: Int { _codecs.count }
    public static var _codecs: [ValueCodec] {
        var codecs: [ValueCodec] = []
        for type in repeat (each Result).self { codecs.append(ValueCodec(type)) }
        return codecs
    }
    public static func _refs(_ submitted: Submitted) -> (repeat ObjectRef<each Result>) {
        var index = -1
        func next<T: RemoteValue>(_ type: T.Type) -> ObjectRef<T> {
            index += 1
            return submitted.ref(index, type)
        }
        return (repeat next((each Result).self))
    }
}

/// The output of a declaration whose result cannot travel: a warning where it is declared, an error at start-up, a failed ref when called.
public enum NotARemoteValue<Result>: RemoteOutput {
    public static var _arity: Int { -1 }
    public static var _codecs: [ValueCodec] { [] }
    public static func _refs(_ submitted: Submitted) -> ObjectRef<Done> { submitted.ref(0, Done.self) }
}
