import RayflowCore

/// Objects in the order of their last use. An entry counts only while its object has the same stamp, so nothing is ever searched or taken
/// out of the middle.
struct UseOrder {
    private var entries: [(id: ObjectID, stamp: UInt64)] = []
    private var first = 0

    /// Entries, those that count no more included.
    var count: Int { entries.count - first }

    mutating func append(_ id: ObjectID, stamp: UInt64) { entries.append((id, stamp)) }

    /// Takes out the object that has not been used for longest.
    /// - Parameter counts: whether an entry still counts; those that do not are dropped.
    mutating func popFirst(where counts: (ObjectID, UInt64) -> Bool) -> ObjectID? {
        while first < entries.count {
            let entry = entries[first]
            first += 1
            if first > 64, first * 2 > entries.count {
                entries.removeFirst(first)
                first = 0
            }
            if counts(entry.id, entry.stamp) { return entry.id }
        }
        return nil
    }

    /// Drops the entries that count no more.
    mutating func prune(where counts: (ObjectID, UInt64) -> Bool) {
        entries = entries[first...].filter { counts($0.id, $0.stamp) }
        first = 0
    }
}
