/// A list with an identity: the language's `==` holds a list equal to itself only, not to another one of the same content.
package struct ValueArray: Sendable {
    private final class Storage: Sendable {
        let elements: [Value]
        init(_ elements: [Value]) { self.elements = elements }
    }

    private let storage: Storage
    /// Made by `.*`: indexing it applies to each element and drops the misses.
    let isFiltered: Bool

    package init(_ elements: [Value]) { self.init(elements, isFiltered: false) }

    init(_ elements: [Value], isFiltered: Bool) {
        storage = Storage(elements)
        self.isFiltered = isFiltered
    }

    package var elements: [Value] { storage.elements }
    func isSame(as other: ValueArray) -> Bool { storage === other.storage }
}

extension ValueArray: RandomAccessCollection {
    package var startIndex: Int { 0 }
    package var endIndex: Int { storage.elements.count }
    package subscript(position: Int) -> Value { storage.elements[position] }
}

extension ValueArray: Hashable {
    package static func == (left: ValueArray, right: ValueArray) -> Bool { left.isSame(as: right) || left.elements == right.elements }
    package func hash(into hasher: inout Hasher) { hasher.combine(elements) }
}

extension ValueArray: ExpressibleByArrayLiteral {
    package init(arrayLiteral elements: Value...) { self.init(elements) }
}
