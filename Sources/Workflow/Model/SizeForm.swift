package import RayflowCore

/// Amounts of memory and storage as the language writes them: `256MiB`, `1GB`, `1.5GiB`, `4096`.
package enum SizeForm {
    private static let units: [(name: String, bytes: Double)] = [
        ("B", 1), ("", 1),
        ("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12), ("PB", 1e15),
        ("kB", 1e3), ("K", 1024), ("M", 1_048_576), ("G", 1_073_741_824), ("T", 1_099_511_627_776),
        ("KiB", 1024), ("MiB", 1_048_576), ("GiB", 1_073_741_824), ("TiB", 1_099_511_627_776), ("PiB", 1_125_899_906_842_624),
        ("Ki", 1024), ("Mi", 1_048_576), ("Gi", 1_073_741_824), ("Ti", 1_099_511_627_776), ("Pi", 1_125_899_906_842_624),
    ]

    package static let hint = "write a number and a unit: 512KiB, 256MiB, 1GB, 1.5GiB"

    /// Nil for what is no size or is too large for a count of bytes. Blanks between number and unit are allowed; fractions of a
    /// byte are cut.
    package static func parse(_ text: some StringProtocol) -> ByteCount? {
        let digits = text.prefix { $0.isASCII && $0.isNumber || $0 == "." }
        let name = text.dropFirst(digits.count).drop { $0 == " " }
        guard let unit = units.first(where: { $0.name == name }), let amount = NumberWord.decimal(digits) else { return nil }
        return Int(exactly: (amount * unit.bytes).rounded(.down)).map(ByteCount.init(bytes:))
    }
}
