public import RayflowCore

/// What became of an object.
@frozen public enum Outcome<Value: Sendable>: Sendable {
    case success(Value)
    case failure(RayflowError)
}
