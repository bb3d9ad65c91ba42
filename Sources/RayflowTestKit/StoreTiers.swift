/// The tiers of one node's object store, in numbers.
public struct StoreTiers: Sendable, Hashable {
    /// Of its memory, in bytes.
    public var capacityBytes: Int
    public var memoryBytes: Int
    public var diskBytes: Int
    /// Objects that were compressed in memory, spilled, brought back, and dropped because there was another copy; since the start.
    public var packed: Int
    public var spilled: Int
    public var restored: Int
    public var dropped: Int
}
