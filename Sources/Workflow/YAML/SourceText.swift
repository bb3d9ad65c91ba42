/// The text of a file as bytes, with the places of its lines.
///
/// It is UTF-8 without a byte order mark. Lines end with LF, CR LF or CR.
package struct SourceText: Sendable {
    package let file: String
    package let bytes: [UInt8]
    private let lineStarts: [Int]

    init(file: String, bytes: [UInt8]) {
        self.file = file
        self.bytes = bytes
        var starts = [0]
        for (index, byte) in bytes.enumerated() {
            let endsLine = byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") && !bytes.has(UInt8(ascii: "\n"), at: index + 1)
            if endsLine { starts.append(index + 1) }
        }
        lineStarts = starts
    }

    var lineCount: Int { lineStarts.count }

    /// The bytes of a line (from 1) without its line break.
    func lineRange(_ line: Int) -> Range<Int> {
        guard lineStarts.indices.contains(line - 1) else { return bytes.count..<bytes.count }
        let start = lineStarts[line - 1]
        var end = line < lineStarts.count ? lineStarts[line] : bytes.count
        while end > start, bytes[end - 1] == UInt8(ascii: "\n") || bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        return start..<end
    }

    package func line(_ line: Int) -> String { text(lineRange(line)) }

    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    /// The line (from 1) that holds the byte.
    func lineNumber(at offset: Int) -> Int {
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        return low + 1
    }

    package func position(at offset: Int) -> SourcePosition {
        let offset = max(0, min(offset, bytes.count))
        let line = lineNumber(at: offset)
        let column = 1 + bytes[lineStarts[line - 1]..<offset].count { $0 & 0xC0 != 0x80 }
        return SourcePosition(line: line, column: column, offset: offset)
    }
}

extension [UInt8] {
    func has(_ byte: UInt8, at index: Int) -> Bool { index >= 0 && index < count && self[index] == byte }

    func isBlank(at index: Int) -> Bool { has(UInt8(ascii: " "), at: index) || has(UInt8(ascii: "\t"), at: index) }

    func isBreak(at index: Int) -> Bool { has(UInt8(ascii: "\n"), at: index) || has(UInt8(ascii: "\r"), at: index) }
}
