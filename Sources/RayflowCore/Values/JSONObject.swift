/// The members of a JSON object, in the order in which they were first set.
///
/// Keys are unique; they are compared as Swift compares strings, so two spellings of one character are one key.
/// Looking a key up takes constant time, removing one takes time in proportion to the members.
public struct JSONObject: Sendable {
    public typealias Element = (key: String, value: JSON)

    private var entries: [Element] = []
    /// Position of each key; empty while there are so few members that walking over them is faster.
    private var positions: [String: Int] = [:]

    private static let walkedCount = 8

    public init() {}

    /// A key that comes twice keeps its first place and its last value.
    public init(_ members: some Sequence<(String, JSON)>) {
        for (key, value) in members { self[key] = value }
    }

    public var keys: [String] { entries.map(\.key) }
    public var values: [JSON] { entries.map(\.value) }

    /// Setting nil removes the member; `.null` is a value like any other.
    public subscript(key: String) -> JSON? {
        get { position(of: key).map { entries[$0].value } }
        set {
            switch (position(of: key), newValue) {
            case (let position?, let value?): entries[position].value = value
            case (let position?, nil): remove(at: position)
            case (nil, let value?): append(key, value)
            case (nil, nil): break
            }
        }
    }

    public mutating func reserveCapacity(_ count: Int) { entries.reserveCapacity(count) }

    private func position(of key: String) -> Int? {
        entries.count <= Self.walkedCount ? entries.firstIndex { $0.key == key } : positions[key]
    }

    private mutating func append(_ key: String, _ value: JSON) {
        entries.append((key, value))
        if entries.count == Self.walkedCount + 1 { index() } else if entries.count > Self.walkedCount { positions[key] = entries.count - 1 }
    }

    private mutating func remove(at position: Int) {
        entries.remove(at: position)
        if entries.count > Self.walkedCount { index() } else { positions = [:] }
    }

    private mutating func index() {
        positions = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.key, $0) })
    }
}

extension JSONObject: RandomAccessCollection {
    public var startIndex: Int { 0 }
    public var endIndex: Int { entries.count }
    public subscript(position: Int) -> Element { entries[position] }
}

extension JSONObject: Hashable {
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.count == right.count && left.allSatisfy { right[$0.key] == $0.value }
    }

    public func hash(into hasher: inout Hasher) {
        // A sum, because the order must not matter.
        var sum = 0
        for (key, value) in entries {
            var member = Hasher()
            member.combine(key)
            member.combine(value)
            sum &+= member.finalize()
        }
        hasher.combine(count)
        hasher.combine(sum)
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, JSON)...) { self.init(elements) }
}
