package import RayflowCore

/// What takes up a store's memory and its part of the disk, in bytes. The parts make the whole at every moment: ``arenaDifference`` and
/// ``diskDifference`` are 0, or the store counts wrongly.
package struct StoreAccounts: Sendable, Hashable {
    package var statistics: StoreStatistics
    /// Of sealed objects that somebody needs.
    package var objectBytes = 0
    /// Of objects that are being written, or on their way here.
    package var writingBytes = 0
    /// Of objects that nobody needs any more, and that are still read or moved.
    package var deletedBytes = 0
    /// The part of these three that only alignment takes.
    package var roundingBytes = 0
    /// Of objects in the spill folder.
    package var spilledBytes = 0

    package init(_ statistics: StoreStatistics, _ rows: [StoredRow]) {
        self.statistics = statistics
        for row in rows {
            switch row.state {
            case .sealed: objectBytes += row.arenaBytes
            case .writing: writingBytes += row.arenaBytes
            case .deleted: deletedBytes += row.arenaBytes
            }
            roundingBytes += row.roundingBytes
            spilledBytes += row.spillBytes
        }
    }

    /// What is in use, without all that is known of it.
    package var arenaDifference: Int {
        statistics.usedBytes - objectBytes - writingBytes - deletedBytes - statistics.retiredBytes - statistics.movingBytes
    }
    package var diskDifference: Int {
        statistics.spillBytes - spilledBytes - statistics.spillMovingBytes - statistics.spillFreeingBytes
    }
}

extension Sequence<StoredRow> {
    /// The largest first; equal ones by their name.
    package func sorted(by order: MemoryOrder) -> [StoredRow] {
        func measure(_ row: StoredRow) -> Int {
            switch order {
            case .raw: row.size
            case .stored: row.storedBytes
            case .age: row.age
            case .idle: row.idle
            }
        }
        return sorted { a, b in
            let (left, right) = (measure(a), measure(b))
            return left != right ? left > right : a.object < b.object
        }
    }
}
