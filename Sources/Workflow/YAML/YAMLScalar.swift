/// A scalar as it stands in the file: its text after unescaping and folding, and how it was written.
package struct YAMLScalar: Hashable, Sendable {
    package enum Style: Hashable, Sendable {
        case plain, singleQuoted, doubleQuoted, literal, folded
    }

    package var text: String
    package var style: Style
    /// The first character, which is the quote or the block indicator where there is one.
    package var position: SourcePosition
    /// Behind the last byte.
    package var end: Int

    package init(text: String, style: Style, position: SourcePosition, end: Int) {
        self.text = text
        self.style = style
        self.position = position
        self.end = end
    }
}
