package import RayflowCore

/// The answers of those who carry moves out, and of those who read.
extension StoreInstance {
    /// Asks to read a sealed object wherever it lies.
    package mutating func open(_ id: ObjectID, client: UInt64, into directives: inout [StoreDirective]) throws(StoreFault) -> OpenResult {
        guard let object = objects[id], !object.isDeleted else { throw .noSuchObject(id) }
        guard object.isSealed else { throw .notSealed(id) }
        if object.isReadable, let hot = object.hot {
            addPin(id, client: client)
            return .pinned(hot.place)
        }
        let ticket = takeTicket()
        objects[id]?.opens.append((ticket, client))
        clients[client, default: StoreClient()].opens.insert(id)
        if object.move == nil, !object.awaitsRoom { restore(id, into: &directives) }
        relieve(into: &directives)
        return .pending(ticket: ticket)
    }

    /// Nodes are gone that may have had the primary copies: each copy here may be the last one, and is kept like one that was made here.
    package mutating func keepSecondaries(into directives: inout [StoreDirective]) {
        let secondaries = objects.filter { $0.value.isSecondary }.sorted { $0.value.stamp < $1.value.stamp }
        for (id, _) in secondaries {
            objects[id]?.isSecondary = false
            becameIdle(id)
        }
        relieve(into: &directives)
    }

    /// A move is done, and its target holds the object.
    package mutating func moved(_ number: UInt64, _ result: TierMoveResult, into directives: inout [StoreDirective]) {
        guard let move = moves.removeValue(forKey: number), let object = objects[move.object] else { return }
        let id = move.object
        let isWanted = object.pins > 0 || object.isDeleted || isPinnedByPage(object)
        objects[id]?.move = nil
        objects[id]?.checksum = result.checksum
        switch move.kind {
        case .pack:
            trim(extent: move.extent, granted: move.granted, to: result.count)
            if isWanted {
                allocator.free(move.extent)
            } else {
                objects[id]?.warm = PackedCopy(extent: move.extent, count: result.count)
                tally.warmObjects += 1
                tally.warmBytes += bytes(ofExtent: move.extent)
                tally.packed += 1
                retireHot(id, into: &directives)
            }
        case .spill, .spillWarm:
            spill.shrink(move.extent, to: result.count)
            objects[id]?.cold = PackedCopy(extent: move.extent, count: result.count)
            tally.coldObjects += 1
            tally.coldBytes += spill.region(of: move.extent).count
            tally.spilled += 1
            if move.kind == .spillWarm { dropWarm(id) } else if !isWanted { retireHot(id, into: &directives) }
        case .restore:
            tally.restored += 1
            objects[id]?.hot?.isComplete = true
            dropWarm(id)
            if let place = objects[id]?.hot?.place {
                directives.append(.writeIndex(IndexEntry(object: id, place: place, state: .sealed)))
                for open in takeOpens(of: id) {
                    addPin(id, client: open.client)
                    directives.append(.opened(ticket: open.ticket, .pinned(place)))
                }
            }
        }
        settle(id, into: &directives)
    }

    /// A move came to nothing. The object stays where it was, or is lost with a damaged copy.
    package mutating func moveFailed(_ number: UInt64, _ fault: TierFault, into directives: inout [StoreDirective]) {
        guard let move = moves.removeValue(forKey: number), objects[move.object] != nil else { return }
        let id = move.object
        objects[id]?.move = nil
        switch move.kind {
        case .pack:
            allocator.free(move.extent)
            if fault == .doesNotPay {
                objects[id]?.isIncompressible = true
                if objects[id]?.isIdle == true, startSpill(id, into: &directives) { break }
            }
        case .spill, .spillWarm:
            // Some of it may have been written.
            directives.append(.freeSpill(extent: move.extent, spill.beginFreeing(move.extent)))
            spillRefusal = (fault, ticks)
        case .restore:
            retireHot(id, into: &directives)
            guard case .damaged(let why) = fault else {
                failOpens(of: id, .full(report(.unmapped(fault.description), size: objects[id]?.size ?? 0)), into: &directives)
                break
            }
            tally.damaged += 1
            let opens = takeOpens(of: id)
            discard(id, into: &directives)
            for open in opens { directives.append(.opened(ticket: open.ticket, .lost(why))) }
        }
        settle(id, into: &directives)
    }

    private mutating func settle(_ id: ObjectID, into directives: inout [StoreDirective]) {
        isExhausted = false
        if let object = objects[id], !object.opens.isEmpty, object.hot == nil, object.move == nil, !object.awaitsRoom {
            restore(id, into: &directives)
        }
        becameIdle(id)
        retireIfUnused(id, into: &directives)
        servePending(into: &directives)
    }

    /// The answer to `freeSpill`.
    package mutating func spillFreed(_ extent: Int, into directives: inout [StoreDirective]) {
        for file in spill.free(extent) { directives.append(.deleteSpillFile(file)) }
        isExhausted = false
        relieve(into: &directives)
    }

    /// The answer to `deleteSpillFile`.
    package mutating func spillFileDeleted(_ file: Int, into directives: inout [StoreDirective]) {
        spill.deleted(file: file)
        isExhausted = false
        relieve(into: &directives)
    }
}
