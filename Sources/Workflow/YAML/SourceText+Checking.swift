extension SourceText {
    /// Takes bytes that may come from anywhere; a byte order mark at their start is dropped.
    /// - Throws: ``Diagnostics`` for what is too large, not UTF-8, or holds a character that YAML does not allow or that YAML 1.1 and 1.2
    ///   read differently.
    package init(file: String, checking bytes: [UInt8]) throws(Diagnostics) {
        guard bytes.count <= YAMLLimits.fileBytes else {
            let message = "is larger than \(YAMLLimits.fileBytes >> 20) MiB"
            throw Diagnostics([Diagnostic(file: file, position: nil, code: .limit, message: message)])
        }
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        self.init(file: file, bytes: bytes.starts(with: mark) ? Array(bytes.dropFirst(mark.count)) : bytes)
        if let fault = firstFault() { throw Diagnostics([fault]) }
    }

    private func firstFault() -> Diagnostic? {
        for marks: [UInt8] in [[0xFF, 0xFE], [0xFE, 0xFF]] where bytes.starts(with: marks) {
            return Diagnostic(file: file, position: nil, code: .notUTF8, message: "is UTF-16 text", hint: "save the file as UTF-8")
        }
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var offset = 0
        while true {
            switch decoder.decode(&iterator) {
            case .emptyInput: return nil
            case .error:
                let byte = String(bytes[min(offset, bytes.count - 1)], radix: 16, uppercase: true)
                return Diagnostic(
                    file: file, position: position(at: offset), code: .notUTF8, message: "is not UTF-8 text: byte 0x\(byte)",
                    hint: "save the file as UTF-8")
            case .scalarValue(let scalar):
                if let message = Self.refusal(of: scalar) { return diagnostic(.character, message, at: position(at: offset)) }
                offset += UTF8.width(scalar)
            }
        }
    }

    private static func refusal(of scalar: Unicode.Scalar) -> String? {
        let code = String(scalar.value, radix: 16, uppercase: true)
        let name = "U+" + String(repeating: "0", count: max(0, 4 - code.count)) + code
        switch scalar.value {
        case 0: return "a NUL character: this is no text file"
        case 0x09, 0x0A, 0x0D: return nil
        case 0x85, 0x2028, 0x2029:
            return "the line separator \(name), which YAML versions read differently; write an escape in double quotes"
        case 0..<0x20, 0x7F..<0xA0, 0xFFFE, 0xFFFF: return "the control character \(name), which YAML does not allow"
        default: return nil
        }
    }
}
