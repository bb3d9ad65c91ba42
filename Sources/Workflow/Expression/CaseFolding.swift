/// Invariant upper-casing, scalar by scalar, as GitHub compares strings: `ς`, `σ` and `Σ` are equal, `ı` and `I` are not.
enum CaseFolding {
    static func fold(_ text: String) -> String {
        if let ascii = foldASCII(text) { return ascii }
        var folded = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { folded.append(fold(scalar)) }
        return String(folded)
    }

    private static func fold(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        // The dotless i has no invariant capital; a scalar whose capital takes several (ß) stays as it is.
        if scalar == "\u{131}" { return scalar }
        let upper = scalar.properties.uppercaseMapping.unicodeScalars
        guard upper.count == 1, let only = upper.first else { return scalar }
        return only
    }

    private static func foldASCII(_ text: String) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            guard byte < 0x80 else { return nil }
            bytes.append((UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) ? byte - 32 : byte)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
