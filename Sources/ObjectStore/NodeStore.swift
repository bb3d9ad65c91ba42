package import RayflowCore

/// The shell of a ``StoreInstance`` in the raylet's process: carries out at once what costs nanoseconds (index entries, looks at pin pages)
/// and hands on what takes a thread or a message (slabs, moves, spill space, answers). Used by one thread.
package final class NodeStore {
    package let arena: Arena
    private let control: ControlPages
    private var instance: StoreInstance
    /// Pin pages of the processes that have one, by client.
    private var processes: [UInt64: Int] = [:]
    private var clients: [UInt64: UInt64] = [:]

    package init(_ arena: Arena, rules: TierRules = .off) throws(ArenaError) {
        self.arena = arena
        control = try ControlPages(arena)
        instance = StoreInstance(geometry: arena.geometry, rules: rules)
    }

    package var statistics: StoreStatistics { instance.statistics }
    /// Of this moment, for reports: what costs time is to be read from it on another thread.
    package var snapshot: StoreInstance {
        instance.see(look())
        return instance
    }

    // MARK: - Clients

    /// A pin page for a client's process, to be told to it before it attaches.
    /// - Throws: `noPinPage`; the client then pins by message.
    package func assignProcess(to client: UInt64) throws(ArenaError) -> Int {
        if let process = processes[client] { return process }
        let process = try control.assignProcess()
        processes[client] = process
        clients[UInt64(process)] = client
        return process
    }

    /// What a client says that it does; nil for one that has no page.
    package func activity(of client: UInt64) -> ProcessActivity? { processes[client].map { control.activity(of: $0) } }

    /// The client's process is gone for good.
    package func clientDied(_ client: UInt64, into directives: inout [StoreDirective]) {
        if let process = processes.removeValue(forKey: client) {
            clients[UInt64(process)] = nil
            control.releaseProcess(process)
            instance.see(look())
        }
        run(&directives) {
            instance.clientDied(client, into: &$0)
            instance.sweep(into: &$0)
        }
    }

    // MARK: - Objects: see StoreInstance

    package func create(
        _ id: ObjectID, size: Int, client: UInt64, copyOf owner: Address? = nil, into directives: inout [StoreDirective]
    ) throws(StoreFault) -> CreateResult {
        func attempt() throws(StoreFault) -> CreateResult {
            var own: [StoreDirective] = []
            let result = try instance.create(id, size: size, client: client, copyOf: owner, into: &own)
            run(&directives) { $0 += own }
            return result
        }
        let result = try attempt()
        if case .granted = result { return result }
        // Readers may be done with what was deleted since the last look; and who is not stands in the report.
        instance.see(look())
        if instance.statistics.retiredObjects > 0 { run(&directives) { instance.sweep(into: &$0) } }
        if case .full = result { return try attempt() }
        return result
    }

    package func seal(
        _ id: ObjectID, size: Int? = nil, client: UInt64, keepsPin: Bool = false, into directives: inout [StoreDirective]
    ) throws(StoreFault) -> ObjectPlace {
        var own: [StoreDirective] = []
        let place = try instance.seal(id, size: size, client: client, keepsPin: keepsPin, into: &own)
        run(&directives) { $0 += own }
        return place
    }

    package func abort(_ id: ObjectID, client: UInt64, into directives: inout [StoreDirective]) throws(StoreFault) {
        var own: [StoreDirective] = []
        try instance.abort(id, client: client, into: &own)
        run(&directives) { $0 += own }
    }

    package func withdraw(_ ids: Set<ObjectID>, client: UInt64) { instance.withdraw(ids, client: client) }

    package func lookup(_ id: ObjectID) -> ObjectPlace? { instance.lookup(id) }
    package func contains(_ id: ObjectID) -> Bool { instance.contains(id) }
    package func awaitsRoom(_ id: ObjectID) -> Bool { instance.awaitsRoom(id) }

    package func pin(_ id: ObjectID, client: UInt64) throws(StoreFault) -> ObjectPlace { try instance.pin(id, client: client) }

    package func open(_ id: ObjectID, client: UInt64, into directives: inout [StoreDirective]) throws(StoreFault) -> OpenResult {
        var own: [StoreDirective] = []
        let result = try instance.open(id, client: client, into: &own)
        run(&directives) { $0 += own }
        return result
    }

    package func unpin(_ id: ObjectID, client: UInt64, into directives: inout [StoreDirective]) throws(StoreFault) {
        var own: [StoreDirective] = []
        try instance.unpin(id, client: client, into: &own)
        run(&directives) { $0 += own }
    }

    @discardableResult
    package func delete(_ id: ObjectID, into directives: inout [StoreDirective]) -> Bool {
        var isKnown = false
        run(&directives) { isKnown = instance.delete(id, into: &$0) }
        return isKnown
    }

    // MARK: - Tiers

    package func keepSecondaries(into directives: inout [StoreDirective]) { run(&directives) { instance.keepSecondaries(into: &$0) } }

    package func moved(_ number: UInt64, _ result: Result<TierMoveResult, TierFault>, into directives: inout [StoreDirective]) {
        run(&directives) { directives in
            switch result {
            case .success(let result): instance.moved(number, result, into: &directives)
            case .failure(let fault): instance.moveFailed(number, fault, into: &directives)
            }
        }
    }

    package func spillFreed(_ extent: Int, into directives: inout [StoreDirective]) {
        run(&directives) { instance.spillFreed(extent, into: &$0) }
    }

    package func spillFileDeleted(_ file: Int, into directives: inout [StoreDirective]) {
        run(&directives) { instance.spillFileDeleted(file, into: &$0) }
    }

    // MARK: - Slabs

    package func slabReady(_ slab: Int, into directives: inout [StoreDirective]) {
        run(&directives) { instance.slabReady(slab, into: &$0) }
    }

    package func slabFailed(_ slab: Int, _ error: ArenaError, into directives: inout [StoreDirective]) {
        instance.see(look())
        run(&directives) { instance.slabFailed(slab, reason: error.description, into: &$0) }
    }

    package func slabReleased(_ slab: Int, into directives: inout [StoreDirective]) {
        run(&directives) { instance.slabReleased(slab, into: &$0) }
    }

    /// From a timer, about once a second.
    package func tick(into directives: inout [StoreDirective]) {
        instance.see(look())
        run(&directives) { instance.tick(into: &$0) }
    }

    /// Looks again at deleted objects that were still read.
    package func sweepRetired(into directives: inout [StoreDirective]) { run(&directives) { instance.sweep(into: &$0) } }

    // MARK: - Directives

    private func run(_ directives: inout [StoreDirective], _ event: (inout [StoreDirective]) -> Void) {
        var queue: [StoreDirective] = []
        event(&queue)
        // Answers add to the queue while it is worked off, in order: an entry is published before anybody hears of it.
        var next = 0
        while next < queue.count {
            let directive = queue[next]
            next += 1
            switch directive {
            case .writeIndex(let entry): publish(entry)
            case .lookAtPins: instance.pinsSeen(look(), into: &queue)
            case .checkPins(let slot):
                guard next < queue.count, case .checkPins = queue[next] else {
                    instance.pinsChecked(slot: slot, isPinned: control.scanPins(slot), into: &queue)
                    continue
                }
                // One pass over the pin pages serves a whole sweep.
                let look = look()
                instance.see(look)
                instance.pinsChecked(slot: slot, isPinned: look.holders[slot] != nil, into: &queue)
                while next < queue.count, case .checkPins(let slot) = queue[next] {
                    next += 1
                    instance.pinsChecked(slot: slot, isPinned: look.holders[slot] != nil, into: &queue)
                }
            case .populateSlab, .releaseSlab, .wake, .move, .freeSpill, .deleteSpillFile, .opened, .dropped: directives.append(directive)
            }
        }
    }

    /// What the pin pages show, by client.
    private func look() -> PinLook {
        var look = control.look()
        look.holders = look.holders.mapValues { $0.compactMap { clients[$0] } }
        return look
    }

    /// An entry without memory for it stays unpublished: nobody can pin the object by page, so all pin it by message.
    private func publish(_ entry: IndexEntry) { try? control.write(entry) }
}
