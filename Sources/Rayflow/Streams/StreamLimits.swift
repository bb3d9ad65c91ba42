import RayflowCore

/// Bounds of streams.
enum StreamLimits {
    /// Items that a producer may be ahead of its consumer, unless `options(window:)` says otherwise.
    static let window = 16
    static let largestWindow = 1_000_000
    static let items = ObjectID.itemLimit
}
