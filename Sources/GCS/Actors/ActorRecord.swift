import RayflowCore

/// What of an actor changes in its life and must outlive the GCS. Its spec is stored once, beside it.
struct ActorRecord: Hashable, Sendable {
    enum Stage: Hashable, Sendable {
        /// Nothing was asked for yet that must not be asked for twice: the incarnation begins again.
        case pending
        case leasing(ActorEntry.Lease)
        case creating(ActorEntry.Lease, worker: Address)
        case alive(ActorEntry.Lease, worker: Address)
        case dead(ErrorRecord)
    }

    var stage: Stage
    var incarnation: UInt32
    var restartsLeft: Int32
    var failedStarts: Int
    var lastError: ErrorRecord?
    var aliases: [ActorID]
    var ending: LossReason?
    var comebacks: UInt32

    init(_ entry: ActorEntry) {
        stage =
            switch entry.stage {
            case .loading, .dormant, .waiting, .pausing: .pending
            case .leasing(let lease): .leasing(lease)
            case .creating(let lease, let worker): .creating(lease, worker: worker)
            case .alive(let lease, let worker): .alive(lease, worker: worker)
            case .dead(let error): .dead(error)
            }
        incarnation = entry.incarnation
        restartsLeft = entry.restartsLeft
        failedStarts = entry.failedStarts
        lastError = entry.lastError
        aliases = entry.aliases
        ending = entry.ending
        comebacks = entry.comebacks
    }

    var isDead: Bool { if case .dead = stage { true } else { false } }

    init(from r: inout ByteReader) throws(DecodingFault) {
        let tag = try r.u8()
        switch tag {
        case 0: stage = .pending
        case 1: stage = .leasing(try r.actorLease())
        case 2: stage = .creating(try r.actorLease(), worker: try r.address())
        case 3: stage = .alive(try r.actorLease(), worker: try r.address())
        case 4: stage = .dead(try r.errorRecord())
        default: throw DecodingFault("an unknown stage of an actor", at: r.offset - 1)
        }
        incarnation = try r.u32()
        restartsLeft = Int32(bitPattern: try r.u32())
        failedStarts = Int(try r.u32())
        lastError = try r.optional { (r) throws(DecodingFault) in try r.errorRecord() }
        aliases = try r.list(unit: 16) { (r) throws(DecodingFault) in try r.actor() }
        ending = try r.optional { (r) throws(DecodingFault) in LossReason(rawValue: try r.string()) }
        comebacks = try r.u32()
    }

    func write(to w: inout ByteWriter) {
        switch stage {
        case .pending: w.u8(0)
        case .leasing(let lease):
            w.u8(1)
            w.actorLease(lease)
        case .creating(let lease, let worker):
            w.u8(2)
            w.actorLease(lease)
            w.address(worker)
        case .alive(let lease, let worker):
            w.u8(3)
            w.actorLease(lease)
            w.address(worker)
        case .dead(let error):
            w.u8(4)
            w.errorRecord(error)
        }
        w.u32(incarnation)
        w.u32(UInt32(bitPattern: restartsLeft))
        w.u32(UInt32(clamping: failedStarts))
        w.optional(lastError) { $0.errorRecord($1) }
        w.list(aliases) { $0.actor($1) }
        w.optional(ending) { $0.string($1.rawValue) }
        w.u32(comebacks)
    }
}

extension ByteWriter {
    fileprivate mutating func actorLease(_ value: ActorEntry.Lease) {
        lease(value.id)
        address(value.raylet)
        u8(value.hops)
    }
}

extension ByteReader {
    fileprivate mutating func actorLease() throws(DecodingFault) -> ActorEntry.Lease {
        ActorEntry.Lease(id: try lease(), raylet: try address(), hops: try u8())
    }
}
