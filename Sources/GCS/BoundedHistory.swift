/// Keys in the order in which they came, at most `limit` of them.
struct BoundedHistory<Key: Hashable & Sendable>: Sendable {
    private let limit: Int
    private var keys: [Key] = []
    private var head = 0

    init(limit: Int) { self.limit = max(1, limit) }

    var count: Int { keys.count - head }

    /// - Returns: the key that is forgotten for it.
    mutating func append(_ key: Key) -> Key? {
        keys.append(key)
        guard count > limit else { return nil }
        let oldest = keys[head]
        head += 1
        if head > limit {
            keys.removeFirst(head)
            head = 0
        }
        return oldest
    }
}
