/// An amount of memory or storage, in bytes.
public struct ByteCount: Hashable, Sendable, Comparable {
    public var bytes: Int
    public init(bytes: Int) { self.bytes = bytes }

    public static func bytes(_ count: Int) -> Self { Self(bytes: count) }
    public static func kibibytes(_ count: Int) -> Self { Self(scaling: count, by: 10) }
    public static func mebibytes(_ count: Int) -> Self { Self(scaling: count, by: 20) }
    public static func gibibytes(_ count: Int) -> Self { Self(scaling: count, by: 30) }

    /// Stops at the largest number instead of trapping: such an amount is refused where it is used.
    private init(scaling count: Int, by shift: Int) {
        let (product, overflow) = count.multipliedReportingOverflow(by: 1 << shift)
        bytes = overflow ? (count < 0 ? .min : .max) : product
    }

    public static func < (a: Self, b: Self) -> Bool { a.bytes < b.bytes }
}

extension ByteCount: CustomStringConvertible {
    public var description: String {
        for (shift, unit) in [(30, "GiB"), (20, "MiB"), (10, "KiB")] where bytes != 0 && bytes % (1 << shift) == 0 {
            return "\(bytes >> shift) \(unit)"
        }
        return "\(bytes) B"
    }

    /// As a person reads it, to a tenth of its unit: `77.5 MiB`.
    package var rounded: String {
        var unit = 0
        var tenths = Double(bytes) * 10
        while tenths >= 10_240, unit < 4 {
            tenths = (tenths / 1024).rounded()
            unit += 1
        }
        return unit == 0 ? "\(bytes) B" : "\(Int(tenths) / 10).\(Int(tenths) % 10) \(["KiB", "MiB", "GiB", "TiB"][unit - 1])"
    }
}
