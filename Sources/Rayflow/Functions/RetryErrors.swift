package import RayflowCore

/// Which errors that a body throws use up retries. Crashes of the worker always do.
public struct RetryErrors: Sendable, Hashable {
    package let rule: RetryRule

    /// A thrown error is the task's result: the default.
    public static let none = Self(rule: .systemFailuresOnly)
    /// Whatever the body throws is tried again.
    public static let any = Self(rule: .anyError)
    /// Only these types are tried again.
    public static func types(_ types: any RemoteError.Type...) -> Self { Self(rule: .types(types.map { $0._typeTag })) }
}
