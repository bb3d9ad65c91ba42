import RayflowCore

/// The owner's side of borrowing: which other processes keep refs to which objects. One mark for each process and object, however many refs
/// the process has.
///
/// A borrower's messages carry growing stamps, and what is not newer than the last is void: repeated, lost and reordered messages are
/// harmless. When the connection to a borrower is lost its marks are doubted; what it does not add again in time goes.
struct BorrowerTable: Sendable {
    private struct Borrower: Sendable {
        var lastStamp: UInt64 = 0
        var marks: Set<ObjectID> = []
        /// Marked before its connection was lost, and not again since.
        var doubted: Set<ObjectID> = []
    }
    private var borrowers: [Address: Borrower] = [:]
    private var marks: [ObjectID: Set<Address>] = [:]

    var isEmpty: Bool { marks.isEmpty }
    func isMarked(_ id: ObjectID) -> Bool { marks[id] != nil }
    func isMarked(_ id: ObjectID, by borrower: Address) -> Bool { marks[id]?.contains(borrower) == true }
    /// In a fixed order.
    func borrowers(of id: ObjectID) -> [Address] { (marks[id] ?? []).sorted { ($0.node, $0.entity) < ($1.node, $1.entity) } }
    func hasMarks(of borrower: Address) -> Bool { borrowers[borrower]?.marks.isEmpty == false }

    /// Whether a message of the borrower's is newer than all before; only such a message counts.
    mutating func accept(_ stamp: UInt64, of borrower: Address) -> Bool {
        guard stamp > borrowers[borrower]?.lastStamp ?? 0 else { return false }
        borrowers[borrower, default: Borrower()].lastStamp = stamp
        return true
    }

    mutating func mark(_ id: ObjectID, by borrower: Address) {
        borrowers[borrower, default: Borrower()].marks.insert(id)
        borrowers[borrower]?.doubted.remove(id)
        marks[id, default: []].insert(borrower)
    }

    /// - Returns: whether it was the object's last mark.
    mutating func unmark(_ id: ObjectID, by borrower: Address) -> Bool {
        guard borrowers[borrower]?.marks.remove(id) != nil else { return false }
        borrowers[borrower]?.doubted.remove(id)
        marks[id]?.remove(borrower)
        guard marks[id]?.isEmpty == true else { return false }
        marks[id] = nil
        return true
    }

    /// The connection to a borrower is lost: it is gone, or will say again what it keeps.
    mutating func doubt(_ borrower: Address) {
        guard let marks = borrowers[borrower]?.marks else { return }
        borrowers[borrower]?.doubted = marks
    }

    /// The time to say so is over.
    ///
    /// - Returns: the objects whose last mark is gone, in order.
    mutating func dropDoubted(_ borrower: Address) -> [ObjectID] {
        let freed = (borrowers[borrower]?.doubted ?? []).filter { unmark($0, by: borrower) }
        if borrowers[borrower]?.marks.isEmpty == true { borrowers[borrower] = nil }
        return freed.sorted()
    }

    /// What does not hold; empty when all is well.
    func checkInvariants() -> [String] {
        var broken: [String] = []
        for (id, owners) in marks {
            if owners.isEmpty { broken.append("object \(id) has an empty set of marks") }
            for borrower in owners where borrowers[borrower]?.marks.contains(id) != true {
                broken.append("\(borrower) does not know of its mark on \(id)")
            }
        }
        for (address, borrower) in borrowers {
            for id in borrower.marks where marks[id]?.contains(address) != true {
                broken.append("the mark of \(address) on \(id) is not found")
            }
            if !borrower.doubted.isSubset(of: borrower.marks) { broken.append("\(address) is doubted for what it has not marked") }
        }
        return broken
    }
}
