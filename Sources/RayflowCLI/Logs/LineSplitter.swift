/// Makes whole lines of pieces.
struct LineSplitter: Sendable {
    private var held: [UInt8] = []

    /// The lines that are complete now. A line that gets too long to wait for is given in parts.
    mutating func add(_ bytes: [UInt8]) -> [String] {
        held += bytes
        guard let end = held.lastIndex(of: UInt8(ascii: "\n")) else {
            return held.count > CommandLimits.heldLineBytes ? rest() : []
        }
        let lines = held[..<end].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        held.removeSubrange(...end)
        return lines
    }

    /// What has no end of line.
    mutating func rest() -> [String] {
        guard !held.isEmpty else { return [] }
        defer { held = [] }
        return [String(decoding: held, as: UTF8.self)]
    }
}
