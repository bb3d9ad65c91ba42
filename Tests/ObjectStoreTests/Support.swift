import ObjectStore
import RayflowCore

/// A small seeded generator: the same seed gives the same test.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

/// Whose objects copies are.
let owner = Address.process(id: 9, on: NodeID(9))

func object(_ number: UInt64) -> ObjectID {
    ObjectID(task: TaskID(unique: number, actor: .none(in: JobID(1))), index: 1)
}

extension MemoryProbe {
    static func fixed(total: Int, available: Int) -> MemoryProbe { MemoryProbe { Memory(total: total, available: available) } }
    static let plenty = fixed(total: 64 << 30, available: 64 << 30)
}

extension Arena {
    static func small(slabs: Int = 4, slabSize: Int = 1 << 20, nonce: SessionNonce = SessionNonce(high: 7, low: 9)) throws -> Arena {
        try .create(
            geometry: ArenaGeometry(slabSize: slabSize, slabCount: slabs, slotCount: 4096, processCount: 8), nonce: nonce, probe: .plenty)
    }
}

/// A store whose directives are carried out at once, on this thread.
final class ReadyStore {
    let store: NodeStore
    private let mover: TierMover
    private let folder: SpillFolder?
    var woken: [UInt64: CreateResult] = [:]
    var opened: [UInt64: OpenResult] = [:]

    init(_ arena: Arena, rules: TierRules = .off, folder: SpillFolder? = nil) throws {
        store = try NodeStore(arena, rules: rules)
        mover = TierMover(arena, folder)
        self.folder = folder
    }

    func settle(_ directives: [StoreDirective]) throws {
        var queue = directives
        while !queue.isEmpty {
            switch queue.removeFirst() {
            case .populateSlab(let slab):
                try store.arena.populate(slab: slab)
                store.slabReady(slab, into: &queue)
            case .releaseSlab(let slab):
                try store.arena.release(slab: slab)
                store.slabReleased(slab, into: &queue)
            case .wake(let ticket, let result): woken[ticket] = result
            case .opened(let ticket, let result): opened[ticket] = result
            case .dropped: break
            case .move(let move):
                let result: Result<TierMoveResult, TierFault>
                do throws(TierFault) { result = .success(try mover.run(move)) } catch { result = .failure(error) }
                store.moved(move.number, result, into: &queue)
            case .freeSpill(let extent, let region):
                folder?.free(region)
                store.spillFreed(extent, into: &queue)
            case .deleteSpillFile(let file):
                folder?.delete(file: file)
                store.spillFileDeleted(file, into: &queue)
            case .writeIndex, .checkPins, .lookAtPins: throw UnexpectedDirective()
            }
        }
    }

    /// Opens an object, brought back when it has to be.
    func open(_ id: ObjectID, client: UInt64 = 2) throws -> OpenResult {
        var directives: [StoreDirective] = []
        let result = try store.open(id, client: client, into: &directives)
        try settle(directives)
        if case .pending(let ticket) = result, let answer = opened.removeValue(forKey: ticket) { return answer }
        return result
    }

    func unpin(_ id: ObjectID, client: UInt64 = 2) throws {
        var directives: [StoreDirective] = []
        try store.unpin(id, client: client, into: &directives)
        try settle(directives)
    }

    func create(_ id: ObjectID, size: Int, client: UInt64 = 1) throws -> CreateResult {
        var directives: [StoreDirective] = []
        let result = try store.create(id, size: size, client: client, into: &directives)
        try settle(directives)
        if case .pending(let ticket) = result, let woken = woken.removeValue(forKey: ticket) { return woken }
        return result
    }

    func put(_ id: ObjectID, size: Int, client: UInt64 = 1, fill: UInt8) throws -> ObjectPlace {
        guard case .granted(let place) = try create(id, size: size, client: client) else { throw UnexpectedResult() }
        _ = try store.arena.write(place) { $0.initializeMemory(as: UInt8.self, repeating: fill) }
        return try seal(id, client: client)
    }

    func seal(_ id: ObjectID, client: UInt64 = 1) throws -> ObjectPlace {
        var directives: [StoreDirective] = []
        let place = try store.seal(id, client: client, into: &directives)
        try settle(directives)
        return place
    }

    func delete(_ id: ObjectID) throws {
        var directives: [StoreDirective] = []
        store.delete(id, into: &directives)
        try settle(directives)
    }

    func tick() throws {
        var directives: [StoreDirective] = []
        store.tick(into: &directives)
        try settle(directives)
    }

    func sweep() throws {
        var directives: [StoreDirective] = []
        store.sweepRetired(into: &directives)
        try settle(directives)
    }

    func clientDied(_ client: UInt64) throws {
        var directives: [StoreDirective] = []
        store.clientDied(client, into: &directives)
        try settle(directives)
    }
}

struct UnexpectedDirective: Error {}
struct UnexpectedResult: Error {}
