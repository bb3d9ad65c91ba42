/// Where the bytes of an object lie on this node.
package enum Tier: String, Sendable, Hashable, CaseIterable {
    /// As they are, in shared memory: the only form that is read.
    case hot
    /// Packed, in shared memory.
    case warm
    /// Packed, in the spill folder.
    case cold
}
