internal import Glibc

/// Numbers to text and back, as GitHub converts them.
enum NumberForm {
    /// Fifteen significant digits, whole numbers below 1e21 without an exponent, `-0` as `0`.
    static func text(_ number: Double) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number < 0 ? "-Infinity" : "Infinity" }
        if number.magnitude <= 0x1p53, let whole = Int(exactly: number) { return String(whole) }
        return layOut(number.rounded(.towardZero) == number ? number : rounded(number))
    }

    /// Blank text is 0; text that is no number is NaN. Takes decimals, `0x` and `0o` integers, and `Infinity`.
    static func number(_ text: String) -> Double {
        var scalars = text.unicodeScalars[...]
        while let first = scalars.first, first.properties.isWhitespace { scalars.removeFirst() }
        while let last = scalars.last, last.properties.isWhitespace { scalars.removeLast() }
        let trimmed = String(scalars)
        switch trimmed {
        case "": return 0
        case "Infinity", "+Infinity": return .infinity
        case "-Infinity": return -.infinity
        default: break
        }
        if let value = integer(trimmed, prefix: "0x", radix: 16) ?? integer(trimmed, prefix: "0o", radix: 8) { return value }
        return isDecimal(trimmed) ? Double(trimmed) ?? .nan : .nan
    }

    private static func integer(_ text: String, prefix: String, radix: Int) -> Double? {
        guard text.hasPrefix(prefix), text.utf8.count > prefix.utf8.count else { return nil }
        var value = 0.0
        for character in text.dropFirst(prefix.count) {
            guard character.isASCII, let digit = character.hexDigitValue, digit < radix else { return nil }
            value = value * Double(radix) + Double(digit)
        }
        return value
    }

    /// Whether the text is a decimal with an optional sign, fraction and exponent. `Double.init` takes more than that.
    private static func isDecimal(_ text: String) -> Bool {
        var rest = Array(text.utf8)[...]
        func takeSign() { if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest.removeFirst() } }
        func takeDigits() -> Int {
            let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
            rest.removeFirst(digits)
            return digits
        }
        takeSign()
        var digits = takeDigits()
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            digits += takeDigits()
        }
        guard digits > 0 else { return false }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest.removeFirst()
            takeSign()
            guard takeDigits() > 0 else { return false }
        }
        return rest.isEmpty
    }

    private static func rounded(_ number: Double) -> Double {
        var buffer = [CChar](repeating: 0, count: 32)
        _ = withVaList([number]) { vsnprintf(&buffer, buffer.count, "%.15g", $0) }
        return Double(String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)) ?? number
    }

    /// The shortest digits of the number, without an exponent while it lies between 1e-6 and 1e21.
    private static func layOut(_ number: Double) -> String {
        let sign = number < 0 ? "-" : ""
        let halves = number.magnitude.description.split(separator: "e", omittingEmptySubsequences: false)
        let mantissa = halves[0].split(separator: ".", omittingEmptySubsequences: false)
        var digits = String(mantissa[0]) + (mantissa.count > 1 ? String(mantissa[1]) : "")
        // The number is 0.DIGITS times ten to the `point`.
        var point = mantissa[0].count + (halves.count > 1 ? Int(halves[1]) ?? 0 : 0)
        while digits.hasPrefix("0"), digits.count > 1 {
            digits.removeFirst()
            point -= 1
        }
        while digits.hasSuffix("0"), digits.count > 1 { digits.removeLast() }
        switch point {
        case 1...21 where digits.count <= point: return sign + digits + String(repeating: "0", count: point - digits.count)
        case 1...21: return sign + digits.prefix(point) + "." + digits.dropFirst(point)
        case -5...0: return sign + "0." + String(repeating: "0", count: -point) + digits
        default:
            let exponent = point - 1
            let fraction = digits.dropFirst()
            return sign + digits.prefix(1) + (fraction.isEmpty ? "" : "." + fraction) + "e" + (exponent < 0 ? "-" : "+")
                + String(exponent.magnitude)
        }
    }
}
