import RayflowCore

/// A type as the registry knows it: its tag, and how an object of it is shown as JSON. Made by the library only.
public struct ValueCodec: Sendable {
    package let tag: String
    let isOptional: Bool
    let json: @Sendable (EncodedObject) throws -> JSON
    /// Puts the elements of an array one by one and gives the list of refs; nil for other types.
    let spread: (@Sendable (Payload, Cluster) throws -> Payload)?

    init<T: RemoteValue>(_: T.Type) {
        tag = T._typeTag
        isOptional = T.self is any OptionalValue.Type
        if let array = T.self as? any (SpreadableValue & SendableMetatype).Type {
            spread = { payload, cluster in try array.spread(payload, in: cluster) }
        } else {
            spread = nil
        }
        json = { object in try JSONValueEncoder.json(try object.decode(T.self, in: nil)) }
    }
}

/// Types that take nothing for a value.
protocol OptionalValue {}
extension Optional: OptionalValue {}

extension ValueCodec {
    /// Types that any program may have put, without a function that mentions them.
    static let common: [String: ValueCodec] = Dictionary(
        [
            ValueCodec(Int.self), ValueCodec(Double.self), ValueCodec(Bool.self), ValueCodec(String.self), ValueCodec(Done.self),
            ValueCodec(RemoteFile.self), ValueCodec([Int].self), ValueCodec([Double].self), ValueCodec([String].self),
            ValueCodec([RemoteFile].self), ValueCodec([String: Int].self), ValueCodec([String: Double].self),
            ValueCodec([String: String].self),
        ].map { ($0.tag, $0) }
    ) { first, _ in first }
}
