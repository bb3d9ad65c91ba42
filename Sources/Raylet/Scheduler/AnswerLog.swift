import RayflowCore

/// The last answers to requests that are over here, so that a repeated or late message gets the same answer and never a second worker.
/// Bounded: the oldest is forgotten first.
struct AnswerLog: Sendable {
    enum Answer: Hashable, Sendable {
        case spillback(Address)
        case rejected(ErrorRecord, lost: [LostCopies])
        /// Given back, or cancelled (maybe before it was asked for).
        case ended
        case lost(worker: Address, ErrorRecord)
    }

    struct Entry: Hashable, Sendable {
        var answer: Answer
        /// A request that has come round with more hops is a new one.
        var hops: UInt8
        fileprivate var age: UInt64
    }

    private let limit: Int
    private var entries: [LeaseID: Entry] = [:]
    private var order: [(lease: LeaseID, age: UInt64)] = []
    private var head = 0
    private var age: UInt64 = 0

    init(limit: Int) { self.limit = limit }

    var count: Int { entries.count }
    subscript(lease: LeaseID) -> Entry? { entries[lease] }

    mutating func record(_ lease: LeaseID, _ answer: Answer, hops: UInt8) {
        age += 1
        entries[lease] = Entry(answer: answer, hops: hops, age: age)
        order.append((lease, age))
        while entries.count > limit || order.count - head > 2 * limit { forgetOldest() }
        if head > limit {
            order.removeFirst(head)
            head = 0
        }
    }

    mutating func forget(_ lease: LeaseID) { entries[lease] = nil }

    private mutating func forgetOldest() {
        let oldest = order[head]
        head += 1
        if entries[oldest.lease]?.age == oldest.age { entries[oldest.lease] = nil }
    }
}
