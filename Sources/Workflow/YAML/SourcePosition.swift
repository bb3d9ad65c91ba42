/// A place in a source text.
package struct SourcePosition: Hashable, Sendable, Comparable {
    /// From 1.
    package var line: Int
    /// From 1, in Unicode scalars.
    package var column: Int
    /// From 0, in bytes; a byte order mark does not count.
    package var offset: Int

    package init(line: Int, column: Int, offset: Int) {
        self.line = line
        self.column = column
        self.offset = offset
    }

    package static func < (a: SourcePosition, b: SourcePosition) -> Bool { a.offset < b.offset }
}

extension SourcePosition: CustomStringConvertible {
    package var description: String { "\(line):\(column)" }
}
