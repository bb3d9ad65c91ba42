/// An error that keeps its type on the way home: named in `Registry(errors:)`, it is thrown by `get` as itself, also from dependents.
public protocol RemoteError: RemoteValue, Error {}
