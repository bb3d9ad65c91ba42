import RayflowCore
import Testing

@testable import ObjectStore

/// What moves to which tier, and when.
@Suite struct TierTests {
    /// Two slabs of 1 MiB, soft limit at 1.6 MiB.
    private struct Bench {
        var store: StoreInstance
        var moves: [TierMove] = []
        var woken: [UInt64: CreateResult] = [:]
        var opened: [UInt64: OpenResult] = [:]
        var dropped: [(id: ObjectID, owner: Address)] = []
        /// Clients that pin an object by page.
        var readers: [UInt64: [UInt64]] = [:]

        init(_ change: (inout TierRules) -> Void = { _ in }) throws {
            var rules = TierRules()
            rules.waitTicks = 2
            rules.spillFileSize = 1 << 20
            change(&rules)
            store = StoreInstance(
                geometry: try ArenaGeometry(slabSize: 1 << 20, slabCount: 2, slotCount: 64, processCount: 1), rules: rules)
        }

        /// Carries out all but moves, which wait in ``moves``.
        mutating func settle(_ directives: [StoreDirective]) {
            var queue = directives
            while !queue.isEmpty {
                switch queue.removeFirst() {
                case .populateSlab(let slab): store.slabReady(slab, into: &queue)
                case .releaseSlab(let slab): store.slabReleased(slab, into: &queue)
                case .checkPins(let slot): store.pinsChecked(slot: slot, isPinned: false, into: &queue)
                case .freeSpill(let extent, _): store.spillFreed(extent, into: &queue)
                case .deleteSpillFile(let file): store.spillFileDeleted(file, into: &queue)
                case .move(let move): moves.append(move)
                case .wake(let ticket, let result): woken[ticket] = result
                case .opened(let ticket, let result): opened[ticket] = result
                case .dropped(let id, let owner): dropped.append((id, owner))
                case .lookAtPins: store.pinsSeen(look(), into: &queue)
                case .writeIndex: break
                }
            }
        }

        func look(used: [UInt64] = []) -> PinLook {
            var look = PinLook()
            for (id, clients) in readers { if let place = store.lookup(object(id)) { look.holders[place.slot] = clients } }
            look.used = Set(used.compactMap { store.lookup(object($0))?.slot })
            return look
        }

        mutating func create(_ id: UInt64, _ size: Int, isSecondary: Bool = false) throws -> CreateResult {
            var directives: [StoreDirective] = []
            let result = try store.create(object(id), size: size, client: 1, copyOf: isSecondary ? owner : nil, into: &directives)
            settle(directives)
            if case .pending(let ticket) = result, let answer = woken.removeValue(forKey: ticket) { return answer }
            return result
        }

        mutating func put(_ id: UInt64, _ size: Int = 300_000, isSecondary: Bool = false) throws {
            guard case .granted = try create(id, size, isSecondary: isSecondary) else { throw UnexpectedResult() }
            var directives: [StoreDirective] = []
            _ = try store.seal(object(id), client: 1, into: &directives)
            settle(directives)
        }

        mutating func open(_ id: UInt64, client: UInt64 = 2) throws -> OpenResult {
            var directives: [StoreDirective] = []
            let result = try store.open(object(id), client: client, into: &directives)
            settle(directives)
            return result
        }

        mutating func unpin(_ id: UInt64, client: UInt64 = 2) throws {
            var directives: [StoreDirective] = []
            try store.unpin(object(id), client: client, into: &directives)
            settle(directives)
        }

        mutating func tick() {
            var directives: [StoreDirective] = []
            store.tick(into: &directives)
            settle(directives)
        }

        /// Ends the oldest move.
        @discardableResult
        mutating func finish(_ fault: TierFault? = nil, count: Int = 100_000) -> TierMove {
            let move = moves.removeFirst()
            var directives: [StoreDirective] = []
            if let fault {
                store.moveFailed(move.number, fault, into: &directives)
            } else {
                let isUp = if case .hot = move.target { true } else { false }
                store.moved(move.number, TierMoveResult(count: isUp ? move.size : count, checksum: 7), into: &directives)
            }
            settle(directives)
            return move
        }

        func tier(_ id: UInt64) -> Tier? { store.rows.first { $0.object == object(id) }?.tier }
    }

    @Test("below the soft limit nothing moves; above it what was not used for longest is packed first")
    func softLimit() throws {
        var bench = try Bench()
        for id in 1...5 as ClosedRange<UInt64> { try bench.put(id) }
        #expect(bench.moves.isEmpty)
        guard case .pinned = try bench.open(1) else { throw UnexpectedResult() }
        try bench.unpin(1)
        try bench.put(6)
        #expect(bench.moves.map(\.object) == [object(2)])
        guard case .warm = bench.moves[0].target else { throw UnexpectedResult() }
        bench.finish()
        #expect(bench.tier(2) == .warm && bench.tier(1) == .hot)
        #expect(bench.store.statistics.warmObjects == 1 && bench.store.statistics.warmBytes == 102_400)
    }

    @Test("what does not pay to pack is spilled at once, and not tried again")
    func incompressible() throws {
        var bench = try Bench()
        for id in 1...6 as ClosedRange<UInt64> { try bench.put(id) }
        bench.finish(.doesNotPay)
        guard case .cold? = bench.moves.first?.target else { throw UnexpectedResult() }
        bench.finish(count: 300_100)
        #expect(bench.tier(1) == .cold && bench.store.statistics.coldObjects == 1)
    }

    @Test("an object that is opened while it moves down stays where it can be read")
    func openedMeanwhile() throws {
        var bench = try Bench()
        for id in 1...6 as ClosedRange<UInt64> { try bench.put(id) }
        guard case .pinned = try bench.open(1) else { throw UnexpectedResult() }
        #expect(bench.finish().object == object(1))
        #expect(bench.tier(1) == .hot && bench.store.statistics.warmObjects == 0)
    }

    @Test("who needs room is served when something has moved down")
    func creatorsWait() throws {
        var bench = try Bench { $0.warmLimitPercent = 0 }
        for id in 1...6 as ClosedRange<UInt64> { try bench.put(id) }
        guard case .pending(let ticket) = try bench.create(7, 600_000) else { throw UnexpectedResult() }
        var moved = 0
        while bench.woken[ticket] == nil {
            bench.finish(count: 300_100)
            moved += 1
        }
        guard case .granted = bench.woken[ticket] else { throw UnexpectedResult() }
        #expect(moved <= 4)
    }

    @Test("a store that is full of what is read lets who needs room wait, and then says who holds what")
    func fullOfPinned() throws {
        var bench = try Bench()
        for id in 1...6 as ClosedRange<UInt64> {
            try bench.put(id)
            guard case .pinned = try bench.open(id) else { throw UnexpectedResult() }
        }
        while !bench.moves.isEmpty { bench.finish() }
        guard case .pending(let ticket) = try bench.create(7, 400_000) else { throw UnexpectedResult() }
        bench.tick()
        #expect(bench.woken.isEmpty)
        bench.tick()
        guard case .full(let report)? = bench.woken[ticket] else { throw UnexpectedResult() }
        #expect(report.reason == .noSpace && report.holders == [.init(client: 2, unsealedBytes: 0, pinnedBytes: 1_800_000)])
        // One that is let go in time makes room.
        guard case .pending(let second) = try bench.create(8, 400_000) else { throw UnexpectedResult() }
        try bench.unpin(1)
        try bench.unpin(2)
        while bench.woken[second] == nil, let move = bench.moves.first {
            if case .warm = move.target { bench.finish(.doesNotPay) } else { bench.finish(count: 300_100) }
        }
        guard case .granted? = bench.woken[second] else { throw UnexpectedResult() }
    }

    @Test("a store that is full of what is read ends the wait of who wants something back, and keeps it")
    func restoreWithoutRoom() throws {
        var bench = try Bench { $0.warmLimitPercent = 0 }
        for id in 1...6 as ClosedRange<UInt64> { try bench.put(id) }
        while !bench.moves.isEmpty { bench.finish(count: 300_100) }
        #expect(bench.tier(1) == .cold)
        for id in 2...6 as ClosedRange<UInt64> {
            if case .pending = try bench.open(id) { while !bench.moves.isEmpty { bench.finish() } }
        }
        // Where 1 was; what is free besides is too short for it.
        try bench.put(9)
        guard case .pinned = try bench.open(9) else { throw UnexpectedResult() }
        guard case .pending(let ticket) = try bench.open(1, client: 3) else { throw UnexpectedResult() }
        while !bench.moves.isEmpty { bench.finish(count: 300_100) }
        for _ in 0..<3 { bench.tick() }
        guard case .full(let report)? = bench.opened[ticket] else { throw UnexpectedResult() }
        #expect(report.holders.first?.client == 2)
        #expect(bench.store.contains(object(1)))
        try bench.unpin(9)
        guard case .pending(let again) = try bench.open(1, client: 3) else { throw UnexpectedResult() }
        while bench.opened[again] == nil, !bench.moves.isEmpty { bench.finish(count: 300_100) }
        guard case .pinned? = bench.opened[again] else { throw UnexpectedResult() }
    }

    @Test("copies of other nodes' objects are dropped, never spilled, and before anything else")
    func secondaries() throws {
        var bench = try Bench()
        for id in 1...4 as ClosedRange<UInt64> { try bench.put(id) }
        for id in 5...9 as ClosedRange<UInt64> { try bench.put(id, isSecondary: true) }
        #expect(bench.moves.isEmpty && bench.store.statistics.dropped > 0)
        #expect((1...4).allSatisfy { bench.store.contains(object($0)) } && !bench.store.contains(object(5)))
        #expect(bench.dropped.map(\.id).first == object(5) && bench.dropped.count == bench.store.statistics.dropped)
        #expect(bench.dropped.allSatisfy { $0.owner == owner }, "its owner is to know")
    }

    @Test("when nodes are gone, copies of their objects are kept like any others")
    func lastCopies() throws {
        var bench = try Bench()
        for id in 1...5 as ClosedRange<UInt64> { try bench.put(id, isSecondary: true) }
        var directives: [StoreDirective] = []
        bench.store.keepSecondaries(into: &directives)
        bench.settle(directives)
        try bench.put(6)
        #expect(bench.moves.map(\.object) == [object(1)] && bench.store.statistics.dropped == 0)
        #expect(bench.store.rows.allSatisfy { !$0.isSecondary })
    }

    @Test("a copy that its puller has pinned with the seal is there for its readers")
    func pinnedOnArrival() throws {
        var bench = try Bench()
        for id in 1...5 as ClosedRange<UInt64> { try bench.put(id) }
        guard case .granted = try bench.create(6, 300_000, isSecondary: true) else { throw UnexpectedResult() }
        var directives: [StoreDirective] = []
        _ = try bench.store.seal(object(6), client: 1, keepsPin: true, into: &directives)
        bench.settle(directives)
        #expect(bench.store.lookup(object(6)) != nil)
    }

    @Test("what was brought back from the spill folder goes down again without being written again")
    func spilledOnce() throws {
        var bench = try Bench { $0.warmLimitPercent = 0 }
        for id in 1...6 as ClosedRange<UInt64> { try bench.put(id) }
        while !bench.moves.isEmpty { bench.finish(count: 300_100) }
        guard case .pending(let ticket) = try bench.open(1) else { throw UnexpectedResult() }
        while bench.opened[ticket] == nil { bench.finish(count: 300_100) }
        while !bench.moves.isEmpty { bench.finish(count: 300_100) }
        let spilled = bench.store.statistics.spilled
        try bench.unpin(1)
        try bench.put(7)
        #expect(bench.tier(1) == .cold && bench.moves.isEmpty && bench.store.statistics.spilled == spilled)
    }

    @Test("readers of one object share one way back; one that dies meanwhile leaves no pin")
    func sharedRestore() throws {
        var bench = try Bench { $0.warmLimitPercent = 0 }
        for id in 1...6 as ClosedRange<UInt64> { try bench.put(id) }
        while !bench.moves.isEmpty { bench.finish(count: 300_100) }
        guard case .pending(let first) = try bench.open(1, client: 2), case .pending(let second) = try bench.open(1, client: 3),
            case .pending(let third) = try bench.open(1, client: 4)
        else { throw UnexpectedResult() }
        #expect(bench.moves.count { $0.object == object(1) } == 1)
        var directives: [StoreDirective] = []
        bench.store.clientDied(3, into: &directives)
        bench.settle(directives)
        while !bench.moves.isEmpty { bench.finish(count: 300_100) }
        guard case .pinned(let place)? = bench.opened[first], case .pinned(place)? = bench.opened[third] else { throw UnexpectedResult() }
        #expect(bench.opened[second] == nil)
        #expect(bench.store.rows.first { $0.object == object(1) }?.pins == 2)
    }

    @Test("a damaged copy is dropped and its readers hear of a loss; the name is free for a new copy")
    func damaged() throws {
        var bench = try Bench { $0.warmLimitPercent = 0 }
        for id in 1...6 as ClosedRange<UInt64> { try bench.put(id) }
        while !bench.moves.isEmpty { bench.finish(count: 300_100) }
        guard case .pending(let ticket) = try bench.open(1) else { throw UnexpectedResult() }
        while bench.opened[ticket] == nil {
            if bench.moves[0].object == object(1) { bench.finish(.damaged("checksum")) } else { bench.finish(count: 300_100) }
        }
        #expect(bench.opened[ticket] == .lost("checksum") && !bench.store.contains(object(1)))
        #expect(bench.store.statistics.damaged == 1)
        guard case .granted = try bench.create(1, 300_000) else { throw UnexpectedResult() }
    }

    @Test("what is deleted while it moves goes when the move is over, wherever it was going")
    func deletedMeanwhile() throws {
        var bench = try Bench { $0.warmLimitPercent = 0 }
        for id in 1...6 as ClosedRange<UInt64> { try bench.put(id) }
        let moving = try #require(bench.moves.first?.object)
        for id in 1...6 as ClosedRange<UInt64> {
            var directives: [StoreDirective] = []
            bench.store.delete(object(id), into: &directives)
            bench.settle(directives)
        }
        #expect(Set(bench.store.rows.map(\.object)) == Set(bench.moves.map(\.object)) && !bench.store.contains(moving))
        while !bench.moves.isEmpty { bench.finish(count: 300_100) }
        let rest = bench.store.statistics
        #expect(rest.objects == 0 && rest.usedBytes == 0 && rest.spillBytes == 0 && rest.spillFiles == 0)
    }

    @Test("without a spill folder packed objects may take all room, and what cannot be packed stays")
    func noFolder() throws {
        var bench = try Bench { $0.spillBytes = 0 }
        for id in 1...6 as ClosedRange<UInt64> { try bench.put(id) }
        bench.finish(.doesNotPay)
        bench.finish()
        #expect(bench.tier(1) == .hot && bench.tier(2) == .warm && bench.store.statistics.spilled == 0)
    }
}
