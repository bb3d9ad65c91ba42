/// A remote function of any type: what `Registry` takes.
public protocol AnyRemoteFunction: Sendable {
    /// The registered name, without labels.
    var name: String { get }
    var _entry: FunctionEntry { get }
}
