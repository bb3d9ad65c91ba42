/// A dictionary for large values that come and go: an open-addressed table holds places, the values lie in pages and do not move.
///
/// A `Dictionary` moves a value out and in again to change a part of it, moves its neighbours when an entry is removed, and all entries when
/// it grows: with rows of some hundred bytes that was a fifth of the time of a task. Iterates in the order of the places, the same for the
/// same history.
package struct SlotMap<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private static var pageSize: Int { 512 }
    /// The first page grows from that, so that a small table takes little.
    private static var smallestPage: Int { 8 }
    private static var smallestTable: Int { 16 }

    /// 0: free; else a place and 1. At most half of it is in use.
    private var table: ContiguousArray<UInt32> = []
    private var pages: ContiguousArray<Page<Value>> = []
    /// By place; of a free one it means nothing.
    private var placed: ContiguousArray<Key> = []
    /// Places that were used and are free again.
    private var free: [UInt32] = []
    package private(set) var count = 0

    package init() {}

    package var isEmpty: Bool { count == 0 }
    package var keys: some Sequence<Key> { lazy.map(\.key) }
    package var values: some Sequence<Value> { lazy.map(\.value) }

    package subscript(key: Key) -> Value? {
        // Yielded, not copied: of a row mostly one field is asked for.
        _read {
            if let place = place(of: key) {
                yield pages[place / Self.pageSize].values[place % Self.pageSize]
            } else {
                yield nil
            }
        }
        _modify {
            if let place = place(of: key) {
                let value = own(place)
                yield &value.pointee
                if value.pointee == nil { giveUp(key, place) }
            } else {
                var made: Value?
                yield &made
                if let made = made.take() { _ = insert(made, for: key) }
            }
        }
    }

    package subscript(key: Key, default value: @autoclosure () -> Value) -> Value {
        get { self[key] ?? value() }
        _modify {
            let place = place(of: key) ?? insert(value(), for: key)
            yield &own(place).pointee!
        }
    }

    /// Looks at a value without copying it.
    func with<T>(_ key: Key, _ body: (borrowing Value) -> T) -> T? {
        guard let place = place(of: key) else { return nil }
        return look(&pages[place / Self.pageSize].values[place % Self.pageSize]!, body)
    }

    /// Nothing is changed: what is named as `inout` is not copied first.
    private func look<T>(_ value: inout Value, _ body: (borrowing Value) -> T) -> T { body(value) }

    /// Changes a value in place, found once for all its parts.
    @discardableResult
    mutating func change<T>(_ key: Key, _ body: (inout Value) -> T) -> T? {
        guard let place = place(of: key) else { return nil }
        return body(&own(place).pointee!)
    }

    @discardableResult
    package mutating func removeValue(forKey key: Key) -> Value? {
        guard let place = place(of: key) else { return nil }
        let value = own(place).pointee.take()
        giveUp(key, place)
        return value
    }

    // MARK: The table

    private func place(of key: Key) -> Int? {
        if count == 0 { return nil }
        let mask = table.count - 1
        var at = Int(truncatingIfNeeded: key._rawHashValue(seed: 0)) & mask
        while table[at] != 0 {
            let place = Int(table[at]) - 1
            if placed[place] == key { return place }
            at = (at + 1) & mask
        }
        return nil
    }

    private mutating func insert(_ value: consuming Value, for key: Key) -> Int {
        if (count + 1) * 2 > table.count { grow() }
        let place: Int
        if let known = free.popLast() {
            place = Int(known)
        } else {
            place = placed.count
            placed.append(key)
            makeRoom(for: place)
        }
        placed[place] = key
        own(place).pointee = value
        count += 1
        enter(place, key)
        return place
    }

    private mutating func makeRoom(for place: Int) {
        let (page, at) = (place / Self.pageSize, place % Self.pageSize)
        if page == pages.count {
            pages.append(Page(capacity: page == 0 ? Self.smallestPage : Self.pageSize))
        } else if at == pages[page].capacity {
            pages[page] = Page(copying: pages[page], capacity: Swift.min(2 * at, Self.pageSize))
        }
    }

    /// Where the value of a place lies, for changing it: no other copy of this map sees the change.
    private mutating func own(_ place: Int) -> UnsafeMutablePointer<Value?> {
        let page = place / Self.pageSize
        if !isKnownUniquelyReferenced(&pages[page]) { pages[page] = Page(copying: pages[page], capacity: pages[page].capacity) }
        return pages[page].values + place % Self.pageSize
    }

    private mutating func enter(_ place: Int, _ key: Key) {
        let mask = table.count - 1
        var at = Int(truncatingIfNeeded: key._rawHashValue(seed: 0)) & mask
        while table[at] != 0 { at = (at + 1) & mask }
        table[at] = UInt32(place) + 1
    }

    private mutating func grow() {
        let old = table
        table = ContiguousArray(repeating: 0, count: old.isEmpty ? Self.smallestTable : old.count * 2)
        for entry in old where entry != 0 { enter(Int(entry) - 1, placed[Int(entry) - 1]) }
    }

    /// Closes the gap in the table: what stood behind it because it was taken moves up.
    private mutating func giveUp(_ key: Key, _ place: Int) {
        let mask = table.count - 1
        var gap = Int(truncatingIfNeeded: key._rawHashValue(seed: 0)) & mask
        while table[gap] != UInt32(place) + 1 { gap = (gap + 1) & mask }
        var at = gap
        while true {
            at = (at + 1) & mask
            guard table[at] != 0 else { break }
            let home = Int(truncatingIfNeeded: placed[Int(table[at]) - 1]._rawHashValue(seed: 0)) & mask
            guard (at - home) & mask >= (at - gap) & mask else { continue }
            table[gap] = table[at]
            gap = at
        }
        table[gap] = 0
        own(place).pointee = nil
        free.append(UInt32(place))
        count -= 1
        // After a storm its memory goes.
        if count == 0, pages.count > 1 { self = SlotMap() }
    }
}

extension SlotMap: Sequence {
    package func makeIterator() -> some IteratorProtocol<(key: Key, value: Value)> {
        placed.indices.lazy.compactMap { place in
            pages[place / Self.pageSize].values[place % Self.pageSize].map { (key: placed[place], value: $0) }
        }.makeIterator()
    }
}

/// Values at addresses that stay: they are looked at and changed where they lie, where an array would hand out copies.
///
/// Every place is initialised as long as the page is there, a free one with nil. Copies of a map share pages, so a page is changed only by
/// `own(_:)`. An address is used no longer than the map it came from is borrowed or changed: the map holds the page for that time, and
/// nobody else can reach the map to give it up.
private final class Page<Value: Sendable>: @unchecked Sendable {
    let capacity: Int
    let values: UnsafeMutablePointer<Value?>

    init(capacity: Int) {
        self.capacity = capacity
        values = .allocate(capacity: capacity)
        values.initialize(repeating: nil, count: capacity)
    }

    init(copying other: Page, capacity: Int) {
        self.capacity = capacity
        values = .allocate(capacity: capacity)
        values.initialize(from: other.values, count: other.capacity)
        (values + other.capacity).initialize(repeating: nil, count: capacity - other.capacity)
    }

    deinit {
        values.deinitialize(count: capacity)
        values.deallocate()
    }
}
