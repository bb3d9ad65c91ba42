/// The declared type of an input or of an output.
package indirect enum ValueType: Hashable, Sendable {
    case string, int, float, bool, duration, size, enumeration, file, dir, bytes, json
    case list(ValueType)
    case map(ValueType)

    /// Files or folders, or lists or maps of them.
    package var holdsFiles: Bool {
        switch self {
        case .file, .dir: true
        case .list(let element), .map(let element): element.holdsFiles
        default: false
        }
    }

    private static let simple: [(name: String, type: ValueType)] = [
        ("string", .string), ("int", .int), ("float", .float), ("bool", .bool), ("duration", .duration), ("size", .size),
        ("enum", .enumeration), ("file", .file), ("dir", .dir), ("bytes", .bytes), ("json", .json),
    ]

    /// All that may stand for a type, for messages and the nearest name.
    package static let names = simple.map(\.name) + ["list<T>", "map<T>"]

    /// Nil for what is no type. Blanks around the names do not count.
    package init?(_ text: some StringProtocol) {
        var depth = 0
        var rest = Substring(text)
        var wrappers: [Bool] = []
        func trim(_ text: Substring) -> Substring {
            let start = text.drop { $0 == " " }
            return start[..<(start.lastIndex { $0 != " " }.map { start.index(after: $0) } ?? start.startIndex)]
        }
        rest = trim(rest)
        while rest.hasSuffix(">"), depth < YAMLLimits.depth {
            guard let open = rest.firstIndex(of: "<") else { return nil }
            switch trim(rest[..<open]) {
            case "list": wrappers.append(true)
            case "map": wrappers.append(false)
            default: return nil
            }
            rest = trim(rest[rest.index(after: open)...].dropLast())
            depth += 1
        }
        guard var type = Self.simple.first(where: { $0.name == rest })?.type else { return nil }
        for isList in wrappers.reversed() { type = isList ? .list(type) : .map(type) }
        self = type
    }

    /// Whether values have an order that `min` and `max` can bound.
    package var isMeasurable: Bool {
        switch self {
        case .int, .float, .duration, .size: true
        default: false
        }
    }

    package var isPath: Bool { self == .file || self == .dir }

    /// What a list holds, nil for all else.
    package var element: ValueType? { if case .list(let element) = self { element } else { nil } }
}

extension ValueType: CustomStringConvertible {
    package var description: String {
        switch self {
        case .list(let element): "list<\(element)>"
        case .map(let element): "map<\(element)>"
        default: Self.simple.first { $0.type == self }?.name ?? ""
        }
    }
}
