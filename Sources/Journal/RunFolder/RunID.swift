import CLinux

/// A run's name: nine letters and digits that sort by the time of the start, then the workflow's name: `0v3k9qd7m-wordcount`.
///
/// The first seven are 1/32 s since 2025 in Crockford's base 32 (34 years), the last two random. A unique prefix is enough to name a run.
package enum RunID {
    static let timeDigits = 7
    static let randomDigits = 2
    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
    /// 2025-01-01T00:00Z in seconds since 1970.
    private static let firstSecond: UInt64 = 1_735_689_600
    private static let lastTick: UInt64 = 1 << (5 * UInt64(timeDigits)) - 1

    /// An id that sorts after `newest` even when the clock went back. `wallTime` in ns since 1970.
    static func make(name: String?, after newest: String?, wallTime: UInt64 = rf_wall_ns(), random: UInt32 = .random(in: 0 ... .max))
        -> String
    {
        let seconds = wallTime / 1_000_000_000
        let fraction = wallTime % 1_000_000_000 * 32 / 1_000_000_000
        let now = seconds < firstSecond ? 0 : (seconds - firstSecond) * 32 + fraction
        var tick = min(now, lastTick)
        if let newest = newest.flatMap(tick(of:)), newest >= tick, newest < lastTick { tick = newest + 1 }
        let slug = name.map { Self.slug($0) } ?? ""
        return digits(tick, timeDigits) + digits(UInt64(random), randomDigits) + (slug.isEmpty ? "" : "-" + slug)
    }

    /// Whether a folder of that name is a run's.
    static func isValid(_ text: String) -> Bool {
        let head = timeDigits + randomDigits
        let utf8 = Array(text.utf8)
        guard tick(of: text) != nil, utf8.count >= head, utf8[..<head].allSatisfy(alphabet.contains) else { return false }
        return utf8.count == head || utf8[head] == UInt8(ascii: "-") && utf8.count > head + 1 && utf8.count <= JournalLimits.runIDBytes
    }

    private static func tick(of id: String) -> UInt64? {
        guard id.utf8.count >= timeDigits else { return nil }
        var tick: UInt64 = 0
        for byte in id.utf8.prefix(timeDigits) {
            guard let digit = alphabet.firstIndex(of: byte) else { return nil }
            tick = tick << 5 | UInt64(digit)
        }
        return tick
    }

    private static func digits(_ value: UInt64, _ count: Int) -> String {
        String(decoding: (0..<count).reversed().map { alphabet[Int(value >> (5 * UInt64($0)) & 31)] }, as: UTF8.self)
    }

    /// Lower-case ASCII letters and digits; runs of anything else become one hyphen.
    /// A name as it stands in an id: small letters, digits and single hyphens.
    package static func slug(_ name: String) -> String {
        var slug: [UInt8] = []
        for byte in name.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): slug.append(byte)
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): slug.append(byte | 0x20)
            default: if let last = slug.last, last != UInt8(ascii: "-") { slug.append(UInt8(ascii: "-")) }
            }
            if slug.count == JournalLimits.runNameBytes { break }
        }
        while slug.last == UInt8(ascii: "-") { slug.removeLast() }
        return String(decoding: slug, as: UTF8.self)
    }
}
