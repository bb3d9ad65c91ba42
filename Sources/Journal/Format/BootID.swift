/// Which start of the machine wrote a segment. As long as it runs, what was written is there whether it was synced or not.
struct BootID: Hashable, Sendable {
    var high: UInt64
    var low: UInt64

    /// From the kernel; zeros where it does not tell.
    static let current: BootID = {
        guard let bytes = try? Files.read("/proc/sys/kernel/random/boot_id", atMost: 64) else { return BootID(high: 0, low: 0) }
        return BootID(text: String(decoding: bytes, as: UTF8.self)) ?? BootID(high: 0, low: 0)
    }()

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    init?(text: String) {
        let digits = text.filter { $0.isHexDigit }
        guard digits.utf8.count == 32, let high = UInt64(digits.prefix(16), radix: 16), let low = UInt64(digits.suffix(16), radix: 16)
        else {
            return nil
        }
        self.init(high: high, low: low)
    }

    var description: String { Self.hex(high) + Self.hex(low) }

    private static func hex(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
