/// A dictionary for large values that come and go: the hash table holds places, the values lie in pages and never move.
///
/// A `Dictionary` moves its neighbours when an entry is removed, and all entries when it grows; with rows of some hundred bytes that was a
/// tenth of the time of a task.
package struct SlotMap<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private static var pageSize: Int { 512 }
    private var places: [Key: UInt32] = [:]
    private var pages: [ContiguousArray<Value?>] = []
    private var free: [UInt32] = []

    package init() {}

    package var count: Int { places.count }
    package var isEmpty: Bool { places.isEmpty }
    package var keys: Dictionary<Key, UInt32>.Keys { places.keys }
    package var values: some Sequence<Value> { places.values.lazy.compactMap { pages[Int($0) / Self.pageSize][Int($0) % Self.pageSize] } }

    package subscript(key: Key) -> Value? {
        get {
            guard let place = places[key] else { return nil }
            return pages[Int(place) / Self.pageSize][Int(place) % Self.pageSize]
        }
        _modify {
            if let place = places[key] {
                let (page, at) = (Int(place) / Self.pageSize, Int(place) % Self.pageSize)
                yield &pages[page][at]
                if pages[page][at] == nil { giveUp(key, place) }
            } else {
                var made: Value?
                yield &made
                if let made { insert(made, for: key) }
            }
        }
    }

    /// Looks at a value without copying it.
    func with<T>(_ key: Key, _ body: (borrowing Value) -> T) -> T? {
        guard let place = places[key] else { return nil }
        return pages[Int(place) / Self.pageSize][Int(place) % Self.pageSize].map { body($0) }
    }

    package subscript(key: Key, default value: @autoclosure () -> Value) -> Value {
        get { self[key] ?? value() }
        _modify {
            if places[key] == nil { insert(value(), for: key) }
            let place = Int(places[key] ?? 0)
            yield &pages[place / Self.pageSize][place % Self.pageSize]!
        }
    }

    @discardableResult
    package mutating func removeValue(forKey key: Key) -> Value? {
        guard let place = places[key] else { return nil }
        let (page, at) = (Int(place) / Self.pageSize, Int(place) % Self.pageSize)
        defer { giveUp(key, place) }
        return pages[page][at].take()
    }

    private mutating func insert(_ value: Value, for key: Key) {
        let place: UInt32
        if let known = free.popLast() {
            place = known
        } else {
            let next = UInt32(pages.count * Self.pageSize)
            pages.append(ContiguousArray(repeating: nil, count: Self.pageSize))
            free.append(contentsOf: (next + 1..<next + UInt32(Self.pageSize)).reversed())
            place = next
        }
        pages[Int(place) / Self.pageSize][Int(place) % Self.pageSize] = value
        places[key] = place
    }

    private mutating func giveUp(_ key: Key, _ place: UInt32) {
        places[key] = nil
        free.append(place)
        // After a storm its memory goes.
        if places.isEmpty, pages.count > 1 { self = SlotMap() }
    }
}

extension SlotMap: Sequence {
    package func makeIterator() -> some IteratorProtocol<(key: Key, value: Value)> {
        places.lazy.compactMap { key, place in
            pages[Int(place) / Self.pageSize][Int(place) % Self.pageSize].map { (key: key, value: $0) }
        }.makeIterator()
    }
}
