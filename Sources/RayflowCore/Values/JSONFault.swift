/// What the JSON parser throws, with the place where it stopped.
public struct JSONFault: Error, Sendable, Hashable, CustomStringConvertible {
    public var what: String
    /// In bytes from the start, from 0.
    public var offset: Int
    /// From 1; lines end with a line feed.
    public var line: Int
    /// From 1, in Unicode scalars.
    public var column: Int

    public init(_ what: String, offset: Int, line: Int, column: Int) {
        self.what = what
        self.offset = offset
        self.line = line
        self.column = column
    }

    public var description: String { "\(line):\(column): \(what)" }
}
