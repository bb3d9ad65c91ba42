/// Functions over texts and paths.
enum TextFunctions {
    /// What follows the last slash; slashes at the end do not count.
    static func basename(_ call: CallArguments) throws(CallFault) -> Value { .string(String(halves(try call.text(0)).name)) }

    /// What comes before the last slash: `.` when there is none, `/` at the root.
    static func dirname(_ call: CallArguments) throws(CallFault) -> Value { .string(String(halves(try call.text(0)).folder)) }

    /// The basename without its last extension.
    static func stem(_ call: CallArguments) throws(CallFault) -> Value {
        let name = halves(try call.text(0)).name
        return .string(String(name[..<dot(in: name)]))
    }

    /// The last extension with its dot, or nothing. A dot at the start of a name begins no extension.
    static func ext(_ call: CallArguments) throws(CallFault) -> Value {
        let name = halves(try call.text(0)).name
        return .string(String(name[dot(in: name)...]))
    }

    private static func halves(_ path: String) -> (folder: Substring, name: Substring) {
        let path = trimSlashes(path[...])
        guard let slash = path.lastIndex(of: "/"), path.count > 1 else { return path == "/" ? ("/", "/") : (".", path) }
        let folder = trimSlashes(path[...slash])
        return (folder, path[path.index(after: slash)...])
    }

    /// Without slashes at the end; the root stays.
    private static func trimSlashes(_ path: Substring) -> Substring {
        var path = path
        while path.count > 1, path.last == "/" { path.removeLast() }
        return path
    }

    private static func dot(in name: Substring) -> Substring.Index {
        guard let dot = name.lastIndex(of: "."), name[..<dot].contains(where: { $0 != "." }) else { return name.endIndex }
        return dot
    }

    static func lower(_ call: CallArguments) throws(CallFault) -> Value { .string(try call.text(0).lowercased()) }
    static func upper(_ call: CallArguments) throws(CallFault) -> Value { .string(try call.text(0).uppercased()) }

    /// Without white space, line ends included, at both ends.
    static func trim(_ call: CallArguments) throws(CallFault) -> Value {
        var text = try call.text(0)[...]
        text = text.drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return .string(String(text))
    }

    /// `split(text, separator)`, by default at commas, as `join` puts them. Empty text gives an empty list.
    static func split(_ call: CallArguments) throws(CallFault) -> Value {
        let text = try Array(call.text(0).utf8)
        let separator = call.count > 1 ? try call.text(1) : ","
        guard !separator.isEmpty else { throw .wrong("split: an empty separator") }
        guard !text.isEmpty else { return .list([]) }
        let parts = pieces(of: text, at: Array(separator.utf8))
        try call.checked(count: parts.count)
        return .list(parts.map { .string(String(decoding: $0, as: UTF8.self)) })
    }

    /// `replace(text, old, new)`: every occurrence, from left to right; case counts.
    static func replace(_ call: CallArguments) throws(CallFault) -> Value {
        let old = try call.text(1)
        guard !old.isEmpty else { throw .wrong("replace: nothing to look for") }
        let parts = pieces(of: Array(try call.text(0).utf8), at: Array(old.utf8))
        return .string(String(decoding: Array(parts.joined(separator: Array(try call.text(2).utf8))), as: UTF8.self))
    }

    private static func pieces(of text: [UInt8], at separator: [UInt8]) -> [ArraySlice<UInt8>] {
        var pieces: [ArraySlice<UInt8>] = []
        var start = 0
        while let end = text.firstPosition(of: separator, from: start) {
            pieces.append(text[start..<end])
            start = end + separator.count
        }
        pieces.append(text[start...])
        return pieces
    }
}
