package import RayflowCore

extension StoreInstance {
    package var statistics: StoreStatistics {
        var numbers = StoreStatistics()
        numbers.objects = objects.count
        numbers.sealedObjects = sealedObjects
        numbers.usedBytes = allocator.usedGranules * StoreLimits.granule
        numbers.requestedBytes = requestedBytes
        numbers.freeBytes = allocator.freeGranules * StoreLimits.granule
        numbers.retiredObjects = retired.count
        numbers.retiredBytes = retiredBytes
        numbers.slabsReady = slabs.readyCount
        numbers.slabLimit = geometry.slabCount
        numbers.capacityBytes = geometry.dataSize
        numbers.pendingCreates = pending.count
        numbers.warmObjects = tally.warmObjects
        numbers.warmBytes = tally.warmBytes
        numbers.coldObjects = tally.coldObjects
        numbers.coldBytes = tally.coldBytes
        numbers.spillBytes = spill.usedBytes
        numbers.spillFiles = spill.files
        for move in moves.values {
            switch move.kind {
            case .pack: numbers.movingBytes += bytes(ofExtent: move.extent)
            case .spill, .spillWarm: numbers.spillMovingBytes += spill.region(of: move.extent).count
            case .restore: break  // its object has it already
            }
        }
        numbers.spillFreeingBytes = spill.freeingBytes
        numbers.movesUnderWay = moves.count
        numbers.packed = tally.packed
        numbers.spilled = tally.spilled
        numbers.restored = tally.restored
        numbers.dropped = tally.dropped
        numbers.damaged = tally.damaged
        return numbers
    }

    func report(_ reason: StoreFullReport.Reason, size: Int) -> StoreFullReport {
        var byClient: [UInt64: StoreFullReport.Holder] = [:]
        func add(_ bytes: Int, _ client: UInt64, _ part: WritableKeyPath<StoreFullReport.Holder, Int>) {
            byClient[client, default: StoreFullReport.Holder(client: client)][keyPath: part] += bytes
        }
        for (client, held) in clients {
            for id in held.unsealed { add(objects[id]?.size ?? 0, client, \.unsealedBytes) }
            for id in held.pins.keys { add(objects[id]?.size ?? 0, client, \.pinnedBytes) }
        }
        for (slot, readers) in holders {
            let id = named[slot]
            guard let bytes = id.flatMap({ objects[$0]?.size }) ?? retired[slot].map({ bytes(ofExtent: $0) }) else { continue }
            for client in readers where id.map({ clients[client]?.pins[$0] == nil }) ?? true { add(bytes, client, \.pinnedBytes) }
        }
        for object in objects.values
        where object.isSealed && object.pins == 0 && !isPinnedByPage(object) && (object.hot != nil || object.warm != nil) {
            add(object.size, object.creator, \.madeBytes)
        }
        let holders = byClient.values.sorted { ($1.bytes, $0.client) < ($0.bytes, $1.client) }
        return StoreFullReport(
            reason: reason, requestedBytes: size, statistics: statistics, spills: rules.spillBytes > 0,
            largestFreeBytes: allocator.largestFree * StoreLimits.granule,
            holders: Array(holders.prefix(StoreLimits.holdersInReport)))
    }

    /// One row for each object that has a name, in no order.
    package var rows: [StoredRow] {
        var readers: [ObjectID: [UInt64]] = [:]
        for (client, held) in clients {
            for id in held.pins.keys { readers[id, default: []].append(client) }
        }
        return objects.map { id, object in
            var row = StoredRow(object: id, size: object.size, tier: object.tier, creator: object.creator)
            if let hot = object.hot {
                row.arenaBytes += bytes(ofExtent: hot.extent)
                row.roundingBytes += bytes(ofExtent: hot.extent) - Int(hot.place.size)
            }
            if let warm = object.warm {
                row.arenaBytes += bytes(ofExtent: warm.extent)
                row.roundingBytes += bytes(ofExtent: warm.extent) - warm.count
            }
            row.spillBytes = object.cold.map { spill.region(of: $0.extent).count } ?? 0
            row.state = !object.isSealed ? .writing : object.isDeleted ? .deleted : .sealed
            row.isSecondary = object.isSecondary
            let byPage = object.hot.flatMap { holders[$0.place.slot] } ?? []
            row.pins = object.pins + byPage.count
            row.readers = Set((readers[id] ?? []) + byPage).sorted()
            row.age = ticks - object.created
            row.idle = ticks - object.lastUse
            return row
        }
    }
}

/// What the store has of one object; sizes in bytes, times in ticks of about a second.
package struct StoredRow: Sendable, Hashable {
    package enum State: String, Sendable, Hashable {
        /// Its creator has not sealed it yet.
        case writing
        case sealed
        /// Its owner needs it no more, but somebody still reads it, or it is on its way to another tier.
        case deleted
    }

    package var object: ObjectID
    /// Of its value.
    package var size: Int
    /// Reserved for it in the arena, in raw and in packed form, and in the spill folder.
    package var arenaBytes = 0
    package var spillBytes = 0
    /// The part of `arenaBytes` that only alignment takes.
    package var roundingBytes = 0
    /// The hottest in which it is.
    package var tier: Tier
    /// The client that made it here; 0: the raylet, from another node.
    package var creator: UInt64
    package var state = State.sealed
    /// Other nodes have it too.
    package var isSecondary = false
    /// By message, and processes that pin it by page.
    package var pins = 0
    /// The clients that have pinned it: processes, 0 for the raylet itself and `UInt64.max` for what it sends to other nodes.
    package var readers: [UInt64] = []
    package var age = 0
    package var idle = 0

    package var storedBytes: Int { arenaBytes + spillBytes }

    package init(object: ObjectID, size: Int, tier: Tier, creator: UInt64) {
        (self.object, self.size, self.tier, self.creator) = (object, size, tier, creator)
    }
}
