/// One pattern without braces, cut at its slashes: `*`, `?`, `[a-z]`, `[!a-z]`, `\x`, and `**` as a whole segment.
struct GlobPattern: Hashable, Sendable {
    enum Segment: Hashable, Sendable {
        /// `**`: no folder or any number of them.
        case anyFolders
        /// No special character in it.
        case name(String)
        case matching([Piece])
    }

    enum Piece: Hashable, Sendable {
        case scalar(Unicode.Scalar)
        case one
        case many
        case oneOf([ClosedRange<Unicode.Scalar>], negated: Bool)
    }

    let segments: [Segment]
    let isAbsolute: Bool
    /// Ends with a slash: finds folders instead of files.
    let wantsFolders: Bool

    init(_ pattern: String) {
        isAbsolute = pattern.hasPrefix("/")
        wantsFolders = pattern.hasSuffix("/")
        segments = pattern.split(separator: "/").filter { $0 != "." }.map { Self.segment($0) }
    }

    private static func segment(_ text: Substring) -> Segment {
        if text == "**" { return .anyFolders }
        let pieces = pieces(of: Array(text.unicodeScalars))
        var name = String.UnicodeScalarView()
        for piece in pieces {
            guard case .scalar(let scalar) = piece else { return .matching(pieces) }
            name.append(scalar)
        }
        return .name(String(name))
    }

    private static func pieces(of scalars: [Unicode.Scalar]) -> [Piece] {
        var pieces: [Piece] = []
        var at = 0
        while at < scalars.count {
            switch scalars[at] {
            case "*":
                if pieces.last != .many { pieces.append(.many) }
            case "?": pieces.append(.one)
            case "\\" where at + 1 < scalars.count:
                at += 1
                pieces.append(.scalar(scalars[at]))
            case "[":
                if let (piece, end) = characters(scalars, from: at) {
                    pieces.append(piece)
                    at = end
                } else {
                    pieces.append(.scalar("["))
                }
            default: pieces.append(.scalar(scalars[at]))
            }
            at += 1
        }
        return pieces
    }

    /// `[…]` from its bracket on, and the place of the closing one; nil when there is none, and the bracket is a character like others.
    private static func characters(_ scalars: [Unicode.Scalar], from start: Int) -> (Piece, Int)? {
        var at = start + 1
        let isNegated = at < scalars.count && (scalars[at] == "!" || scalars[at] == "^")
        if isNegated { at += 1 }
        let first = at
        var ranges: [ClosedRange<Unicode.Scalar>] = []
        while at < scalars.count {
            // A bracket that comes first is itself meant.
            if scalars[at] == "]", at > first { return (.oneOf(ranges, negated: isNegated), at) }
            if at + 2 < scalars.count, scalars[at + 1] == "-", scalars[at + 2] != "]" {
                if scalars[at] <= scalars[at + 2] { ranges.append(scalars[at]...scalars[at + 2]) }
                at += 3
            } else {
                ranges.append(scalars[at]...scalars[at])
                at += 1
            }
        }
        return nil
    }

    /// Whether a name matches. A leading dot must be written: `*` does not find hidden files.
    static func matches(_ pieces: [Piece], _ name: String) -> Bool {
        let scalars = Array(name.unicodeScalars)
        if scalars.first == ".", pieces.first != .scalar(".") { return false }
        // The last star seen, and how far its match reached: linear space, at worst quadratic time.
        var star: (piece: Int, scalar: Int)?
        var (piece, scalar) = (0, 0)
        while scalar < scalars.count {
            if piece < pieces.count, pieces[piece] == .many {
                star = (piece, scalar)
                piece += 1
            } else if piece < pieces.count, matches(pieces[piece], scalars[scalar]) {
                piece += 1
                scalar += 1
            } else if let last = star {
                star = (last.piece, last.scalar + 1)
                (piece, scalar) = (last.piece + 1, last.scalar + 1)
            } else {
                return false
            }
        }
        return pieces[piece...].allSatisfy { $0 == .many }
    }

    private static func matches(_ piece: Piece, _ scalar: Unicode.Scalar) -> Bool {
        switch piece {
        case .scalar(let wanted): scalar == wanted
        case .one: true
        case .many: false
        case .oneOf(let ranges, let negated): ranges.contains { $0.contains(scalar) } != negated
        }
    }
}
