/// A table in memory that knows which of its rows were touched since they were last looked at: from that follow what is stored and what is
/// published, so that no manager has to remember either.
package struct Tracked<Key: Hashable & Sendable, Row: Sendable>: Sendable, Sequence {
    private var rows: [Key: Row] = [:]
    private var touched: [Key] = []

    package subscript(key: Key) -> Row? {
        get { rows[key] }
        _modify {
            touch(key)
            yield &rows[key]
        }
    }

    package var count: Int { rows.count }
    package var values: Dictionary<Key, Row>.Values { rows.values }
    package var keys: Dictionary<Key, Row>.Keys { rows.keys }
    package var isEmpty: Bool { rows.isEmpty }

    @discardableResult
    package mutating func removeValue(forKey key: Key) -> Row? {
        touch(key)
        return rows.removeValue(forKey: key)
    }

    package func makeIterator() -> Dictionary<Key, Row>.Iterator { rows.makeIterator() }

    private mutating func touch(_ key: Key) { if touched.last != key { touched.append(key) } }

    var hasTouched: Bool { !touched.isEmpty }

    /// Each key once, in the order in which they were first touched.
    mutating func takeTouched() -> [Key] {
        defer { touched.removeAll(keepingCapacity: touched.count < 1_000) }
        guard touched.count > 1 else { return touched }
        var seen: Set<Key> = []
        return touched.filter { seen.insert($0).inserted }
    }

    /// Changes a row in a way that is neither stored nor published.
    mutating func note(_ key: Key, _ body: (inout Row) -> Void) {
        guard var row = rows[key] else { return }
        body(&row)
        rows[key] = row
    }
}
