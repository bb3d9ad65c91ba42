/// 32 secret bytes that the processes of a cluster share. Never printed.
package struct ClusterToken: Sendable {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    package init(_ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64) { words = (a, b, c, d) }

    /// 256 bits from the system's generator.
    package static func random() -> ClusterToken {
        ClusterToken(.random(in: 0 ... .max), .random(in: 0 ... .max), .random(in: 0 ... .max), .random(in: 0 ... .max))
    }

    package static let byteCount = 32

    /// Nil unless there are exactly 32.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        var words: [UInt64] = [0, 0, 0, 0]
        for (index, byte) in bytes.enumerated() { words[index / 8] |= UInt64(byte) << UInt64(index % 8 * 8) }
        self.init(words[0], words[1], words[2], words[3])
    }

    package var bytes: [UInt8] {
        [words.0, words.1, words.2, words.3].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64($0 * 8)) } }
    }

    /// Takes the same time wherever the two differ.
    @inline(never)
    package func matches(_ other: ClusterToken) -> Bool {
        let difference =
            (words.0 ^ other.words.0) | (words.1 ^ other.words.1) | (words.2 ^ other.words.2) | (words.3 ^ other.words.3)
        return difference == 0
    }
}

extension ClusterToken: CustomStringConvertible {
    package var description: String { "(secret)" }
}
