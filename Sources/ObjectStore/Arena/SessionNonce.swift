/// 128 random bits that tell the shared memory of one session from any other's.
package struct SessionNonce: Hashable, Sendable, BitwiseCopyable {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package static func random() -> SessionNonce { SessionNonce(high: .random(in: 1 ... .max), low: .random(in: 0 ... .max)) }
}

extension SessionNonce: LosslessStringConvertible {
    /// 32 hexadecimal digits, as they stand in a worker's environment.
    package init?(_ text: String) {
        let digits = Array(text.utf8)
        guard digits.count == 32, digits.allSatisfy({ ($0 >= 48 && $0 <= 57) || ($0 >= 97 && $0 <= 102) }) else { return nil }
        guard let high = UInt64(String(decoding: digits[..<16], as: UTF8.self), radix: 16),
            let low = UInt64(String(decoding: digits[16...], as: UTF8.self), radix: 16)
        else { return nil }
        self.init(high: high, low: low)
    }

    package var description: String { digits(high) + digits(low) }

    private func digits(_ value: UInt64) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}
