import RayflowCore

/// The borrower's side of borrowing: the marks that this process has asked of other owners, and who waits for them to be granted.
///
/// A claim is asked for once, granted once, and given back when the object is needed here no more. When the connection to the owner is
/// lost all claims there are asked for again.
struct ClaimTable: Sendable {
    /// What goes on when claims are granted.
    enum Purpose: Hashable, Sendable {
        /// The shell is told that a reply may leave.
        case reply(UInt64)
        /// The sender of refs is told that they are secured.
        case secured(Delivery)
    }
    /// A message with refs, as its sender has numbered it.
    struct Delivery: Hashable, Sendable {
        var from: Address
        var number: UInt64
    }
    private struct Claim: Sendable {
        var owner: Address
        var stamp: UInt64
        var isGranted = false
        var waiting: [Purpose] = []
    }

    private var claims: [ObjectID: Claim] = [:]
    private var asked: [UInt64: [ObjectID]] = [:]
    /// Claims that are missing, by purpose.
    private var missing: [Purpose: Int] = [:]
    private var lastStamp: UInt64 = 0

    var isEmpty: Bool { claims.isEmpty && missing.isEmpty }
    func has(_ id: ObjectID) -> Bool { claims[id] != nil }

    mutating func nextStamp() -> UInt64 {
        lastStamp += 1
        return lastStamp
    }

    /// Asks an owner for marks on objects that are not claimed yet.
    mutating func claim(_ ids: [ObjectID], of owner: Address) -> AddBorrower {
        let stamp = nextStamp()
        for id in ids { claims[id] = Claim(owner: owner, stamp: stamp) }
        asked[stamp] = ids
        return AddBorrower(stamp: stamp, objects: ids)
    }

    /// The object was handed over to a new owner, which has marked it for this process.
    mutating func handedOver(_ id: ObjectID, to owner: Address) {
        claims[id] = Claim(owner: owner, stamp: 0, isGranted: true)
    }

    /// Lets a purpose wait for those of the objects whose claims are not granted yet.
    ///
    /// - Returns: false when there are none.
    mutating func wait(for ids: [ObjectID], _ purpose: Purpose) -> Bool {
        var count = 0
        for id in ids where claims[id]?.isGranted == false {
            claims[id]?.waiting.append(purpose)
            count += 1
        }
        if count > 0 { missing[purpose, default: 0] += count }
        return count > 0
    }

    /// An owner has answered.
    ///
    /// - Returns: what goes on now, and what the owner does not know (any more): claims on that are void.
    mutating func granted(_ m: BorrowersAdded) -> (done: [Purpose], unknown: [ObjectID]) {
        guard let ids = asked.removeValue(forKey: m.stamp) else { return ([], []) }
        let lost = Set(m.unknown)
        var done: [Purpose] = [], unknown: [ObjectID] = []
        for id in ids where claims[id]?.stamp == m.stamp {
            done += settle(id)
            if lost.contains(id) {
                claims[id] = nil
                unknown.append(id)
            } else {
                claims[id]?.isGranted = true
            }
        }
        return (done, unknown)
    }

    /// The object is needed here no more, or is owned here now.
    ///
    /// - Returns: where the mark is to be given back, and what goes on now; nil when there is no claim.
    mutating func giveBack(_ id: ObjectID) -> (owner: Address, done: [Purpose])? {
        guard let owner = claims[id]?.owner else { return nil }
        let done = settle(id)
        claims[id] = nil
        return (owner, done)
    }

    func hasClaims(of owner: Address) -> Bool { claims.contains { $0.value.owner == owner } }

    private func claimed(of owner: Address) -> [ObjectID] {
        claims.filter { $0.value.owner == owner }.keys.sorted()
    }

    /// The connection to an owner was lost: it is told again what this process keeps. Nil when that is nothing.
    mutating func askAgain(_ owner: Address) -> AddBorrower? {
        let ids = claimed(of: owner)
        if ids.isEmpty { return nil }
        let stamp = nextStamp()
        for id in ids { claims[id]?.stamp = stamp }
        asked[stamp] = ids
        // Answers to what was asked before do not come any more, or are void.
        asked = asked.filter { stamp, ids in ids.contains { claims[$0]?.stamp == stamp } }
        return AddBorrower(stamp: stamp, objects: ids)
    }

    /// The owner is gone.
    ///
    /// - Returns: the objects whose claims are void, and what goes on without them.
    mutating func ownerGone(_ owner: Address) -> (orphans: [ObjectID], done: [Purpose]) {
        let ids = claimed(of: owner)
        var done: [Purpose] = []
        for id in ids {
            done += settle(id)
            claims[id] = nil
        }
        return (ids, done)
    }

    private mutating func settle(_ id: ObjectID) -> [Purpose] {
        guard let waiting = claims[id]?.waiting, !waiting.isEmpty else { return [] }
        claims[id]?.waiting = []
        var done: [Purpose] = []
        for purpose in waiting {
            let left = (missing[purpose] ?? 1) - 1
            missing[purpose] = left > 0 ? left : nil
            if left == 0 { done.append(purpose) }
        }
        return done
    }

    /// What does not hold; empty when all is well.
    func checkInvariants() -> [String] {
        var broken: [String] = []
        var waiting: [Purpose: Int] = [:]
        for (id, claim) in claims {
            for purpose in claim.waiting { waiting[purpose, default: 0] += 1 }
            if claim.isGranted, !claim.waiting.isEmpty { broken.append("the claim on \(id) is granted, and somebody waits for it") }
            if !claim.isGranted, asked[claim.stamp]?.contains(id) != true { broken.append("nobody is asked for the mark on \(id)") }
        }
        if waiting != missing { broken.append("\(missing) wait for claims, by the claims \(waiting)") }
        return broken
    }
}
