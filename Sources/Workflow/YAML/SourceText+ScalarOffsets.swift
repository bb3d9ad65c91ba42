extension SourceText {
    /// Where in the file a character of a scalar's text stands; `offset` counts Unicode scalars from 0.
    ///
    /// Follows the escapes, the folding and the indentation by which the scalar was read.
    package func position(of scalar: YAMLScalar, at offset: Int) -> SourcePosition {
        guard offset >= 0, scalar.end <= bytes.count, scalar.position.offset <= scalar.end else { return scalar.position }
        let text = Array(scalar.text.unicodeScalars)
        let offset = min(offset, text.count)
        switch scalar.style {
        case .literal: return literalPosition(scalar, text, offset)
        case .folded:
            let body = lineEnd(from: scalar.position.offset)
            return position(at: follow(text, to: offset, from: body, style: .folded, end: scalar.end))
        case .plain: return position(at: follow(text, to: offset, from: scalar.position.offset, style: .plain, end: scalar.end))
        case .singleQuoted, .doubleQuoted:
            return position(at: follow(text, to: offset, from: scalar.position.offset + 1, style: scalar.style, end: scalar.end))
        }
    }

    /// A line of a literal block ends as its line in the file does, so the columns are counted from there.
    private func literalPosition(_ scalar: YAMLScalar, _ text: [Unicode.Scalar], _ offset: Int) -> SourcePosition {
        let lineIndex = text[..<offset].count { $0 == "\n" }
        let line = lineNumber(at: scalar.position.offset) + 1 + lineIndex
        let lineStart = text[..<offset].lastIndex(of: "\n").map { $0 + 1 } ?? 0
        let lineLength = (text[lineStart...].firstIndex(of: "\n") ?? text.count) - lineStart
        let range = lineRange(line)
        let rawLength = bytes[range].count { $0 & 0xC0 != 0x80 }
        let column = max(0, rawLength - lineLength) + offset - lineStart
        var at = range.lowerBound
        for _ in 0..<column where at < range.upperBound { at += width(at: at) }
        return position(at: at)
    }

    /// Walks over text and file together up to the character, and gives its byte.
    private func follow(_ text: [Unicode.Scalar], to offset: Int, from start: Int, style: YAMLScalar.Style, end: Int) -> Int {
        var raw = start
        var at = 0
        func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar == " " || scalar == "\n" || scalar == "\t" }
        while raw < end {
            if let run = brokenRun(from: raw, end: end, style: style) {
                // A run of white space with a line break in it is folded as a whole.
                var folded = at
                while folded < text.count, isSpace(text[folded]) { folded += 1 }
                if offset < folded { return raw }
                at = folded
                raw = run
            }
            guard at < offset, raw < end else { return raw }
            switch (style, bytes[raw]) {
            case (.singleQuoted, UInt8(ascii: "'")): raw += 2
            case (.doubleQuoted, UInt8(ascii: "\\")): raw += escapeLength(at: raw)
            default: raw += width(at: raw)
            }
            at += 1
        }
        return raw
    }

    /// Behind the white space that begins here, if there is a line break in it.
    private func brokenRun(from start: Int, end: Int, style: YAMLScalar.Style) -> Int? {
        var at = start
        var hasBreak = false
        while at < end {
            if style == .doubleQuoted, bytes[at] == UInt8(ascii: "\\"), bytes.isBreak(at: at + 1) {
                at += 1
            } else if bytes.isBreak(at: at) {
                hasBreak = true
                at += 1
            } else if bytes.isBlank(at: at) {
                at += 1
            } else {
                break
            }
        }
        return hasBreak ? at : nil
    }

    private func escapeLength(at offset: Int) -> Int {
        guard offset + 1 < bytes.count else { return 1 }
        switch bytes[offset + 1] {
        case UInt8(ascii: "x"): return 4
        case UInt8(ascii: "u"): return 6
        case UInt8(ascii: "U"): return 10
        default: return 1 + width(at: offset + 1)
        }
    }

    private func lineEnd(from offset: Int) -> Int { lineRange(lineNumber(at: offset)).upperBound }

    private func width(at offset: Int) -> Int {
        switch bytes[offset] {
        case ..<0x80: 1
        case ..<0xE0: 2
        case ..<0xF0: 3
        default: 4
        }
    }
}
