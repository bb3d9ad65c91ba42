/// An ordered map with an identity, looked up without regard to case. Of keys that differ in case only, the exact one is preferred.
package struct ValueObject: Sendable {
    package typealias Element = (key: String, value: Value)

    private final class Storage: Sendable {
        let members: [Element]
        let positions: [String: Int]
        /// Position of the first key that folds to this.
        let folded: [String: Int]

        init(_ members: [Element], positions: [String: Int]) {
            self.members = members
            self.positions = positions
            folded = Dictionary(members.enumerated().map { (CaseFolding.fold($1.key), $0) }, uniquingKeysWith: { first, _ in first })
        }
    }

    private let storage: Storage

    /// A key that comes twice keeps its first place and its last value.
    package init(_ members: some Sequence<(String, Value)>) {
        var unique: [Element] = []
        var positions: [String: Int] = [:]
        for (key, value) in members {
            if let position = positions[key] {
                unique[position].value = value
            } else {
                positions[key] = unique.count
                unique.append((key, value))
            }
        }
        storage = Storage(unique, positions: positions)
    }

    package subscript(key: String) -> Value? {
        (storage.positions[key] ?? storage.folded[CaseFolding.fold(key)]).map { storage.members[$0].value }
    }

    package var keys: [String] { storage.members.map(\.key) }
    package var values: [Value] { storage.members.map(\.value) }
    func isSame(as other: ValueObject) -> Bool { storage === other.storage }
}

extension ValueObject: RandomAccessCollection {
    package var startIndex: Int { 0 }
    package var endIndex: Int { storage.members.count }
    package subscript(position: Int) -> Element { storage.members[position] }
}

extension ValueObject: Hashable {
    /// Order does not count.
    package static func == (left: ValueObject, right: ValueObject) -> Bool {
        left.isSame(as: right) || Dictionary(uniqueKeysWithValues: left.pairs) == Dictionary(uniqueKeysWithValues: right.pairs)
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(Dictionary(uniqueKeysWithValues: pairs)) }

    private var pairs: [(String, Value)] { storage.members.map { ($0.key, $0.value) } }
}

extension ValueObject: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, Value)...) { self.init(elements) }
}
