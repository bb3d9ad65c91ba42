/// What a step wrote to `$RAYFLOW_OUTPUT`: lines `name=value`, or `name<<WORD`, the value's lines, and `WORD` alone, as on GitHub.
package struct OutputFile: Sendable, Hashable {
    package private(set) var values: [String: String] = [:]

    /// A name that comes twice keeps its last value. Empty lines between entries do not count.
    package init(_ bytes: [UInt8]) throws(OutputFault) {
        guard String(validating: bytes, as: UTF8.self) != nil else { throw OutputFault("it is not UTF-8 text") }
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)[...]
        var number = 0
        while let line = lines.popFirst() {
            number += 1
            let line = Self.withoutReturn(line)
            if line.isEmpty { continue }
            let equals = line.firstIndex(of: UInt8(ascii: "="))
            // Whichever comes first decides, so that values may hold the other.
            if let mark = Self.hereMark(line), equals.map({ mark < $0 }) ?? true {
                let (name, word, start) = (line[..<mark], line[(mark + 2)...], number)
                guard !name.isEmpty, !word.isEmpty else { throw OutputFault("line \(number): a name and a word belong around '<<'") }
                var value: [ArraySlice<UInt8>] = []
                while true {
                    guard let next = lines.popFirst() else {
                        throw OutputFault("line \(start): the value of '\(Self.text(name))' is not ended by a line '\(Self.text(word))'")
                    }
                    number += 1
                    if Self.withoutReturn(next) == word { break }
                    value.append(next)
                }
                values[Self.text(name)] = Self.text(value.joined(separator: [UInt8(ascii: "\n")]))
            } else if let equals, equals > line.startIndex {
                values[Self.text(line[..<equals])] = Self.text(line[(equals + 1)...])
            } else {
                throw OutputFault("line \(number): 'name=value' or 'name<<WORD' expected, found '\(Excerpt.of(Self.text(line)))'")
            }
        }
    }

    private static func withoutReturn(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        line.last == UInt8(ascii: "\r") ? line.dropLast() : line
    }

    private static func hereMark(_ line: ArraySlice<UInt8>) -> Int? {
        line.indices.dropLast().first { line[$0] == UInt8(ascii: "<") && line[$0 + 1] == UInt8(ascii: "<") }
    }

    private static func text(_ bytes: some Sequence<UInt8>) -> String { String(decoding: Array(bytes), as: UTF8.self) }
}

/// What is wrong with the outputs of a step.
package struct OutputFault: Error, Sendable, Hashable, CustomStringConvertible {
    package var what: String
    init(_ what: String) { self.what = what }
    package var description: String { what }
}

/// The beginning of a text, for messages.
enum Excerpt {
    static func of(_ text: String) -> String {
        let line = text.prefix { $0 != "\n" && $0 != "\r\n" }
        let isCut = line.utf8.count < text.utf8.count || line.utf8.count > RunLimits.excerptBytes
        guard isCut else { return text }
        var short = ""
        for character in line {
            if short.utf8.count + character.utf8.count > RunLimits.excerptBytes { break }
            short.append(character)
        }
        return short + "…"
    }
}
