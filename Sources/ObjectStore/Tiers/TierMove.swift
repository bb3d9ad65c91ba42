package import RayflowCore

/// One step of one object to another tier, for a thread that may wait. Its source and its target are kept where they are until the answer.
package struct TierMove: Sendable, Hashable {
    package enum Bytes: Sendable, Hashable {
        /// As they are.
        case hot(ObjectPlace)
        /// Packed in the arena: offset and bytes, of which a source is full and a target need not become.
        case warm(offset: Int, count: Int)
        /// Packed in the spill folder.
        case cold(SpillRegion)
    }

    /// For the answer; never used twice.
    package var number: UInt64
    package var object: ObjectID
    /// Bytes of the object.
    package var size: Int
    package var source: Bytes
    package var target: Bytes
    /// CRC32C of the object, known since it left the hot tier.
    package var checksum: UInt32? = nil
}

/// What a move came to.
package struct TierMoveResult: Sendable, Hashable {
    /// Bytes that the object has in its new form.
    package var count: Int
    /// CRC32C of the object.
    package var checksum: UInt32
    package init(count: Int, checksum: UInt32) {
        self.count = count
        self.checksum = checksum
    }
}

/// Why an object could not move. It is still where it was, unless its copy there is no good.
package enum TierFault: Error, Sendable, Hashable {
    /// It would hardly become smaller.
    case doesNotPay
    /// The disk of the spill folder is full, or nearly so.
    case diskFull(String)
    /// The spill folder cannot be used.
    case folder(String)
    /// The copy is damaged or gone.
    case damaged(String)
    /// Memory of this node could not be mapped.
    case unmapped(String)
}

extension TierFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .doesNotPay: "it would hardly become smaller"
        case .diskFull(let why), .folder(let why), .damaged(let why), .unmapped(let why): why
        }
    }
}
