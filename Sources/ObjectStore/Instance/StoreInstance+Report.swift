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

    /// One row for each object that has a name, the largest first.
    package func rows() -> [StoredRow] {
        objects.sorted { ($1.value.size, $0.value.stamp) < ($0.value.size, $1.value.stamp) }.map { id, object in
            let hot = object.hot.map { bytes(ofExtent: $0.extent) } ?? 0
            let warm = object.warm.map { bytes(ofExtent: $0.extent) } ?? 0
            let cold = object.cold.map { spill.region(of: $0.extent).count } ?? 0
            return StoredRow(
                object: id, size: object.size, arenaBytes: hot + warm, spillBytes: cold, tier: object.tier, creator: object.creator,
                isSealed: object.isSealed, isSecondary: object.isSecondary,
                pins: object.pins + (object.hot.flatMap { holders[$0.place.slot]?.count } ?? 0),
                age: ticks - object.created, idle: ticks - object.lastUse)
        }
    }
}

/// What the store has of one object; sizes in bytes, times in ticks of about a second.
package struct StoredRow: Sendable, Hashable {
    package var object: ObjectID
    /// Of its value.
    package var size: Int
    /// Reserved for it in the arena, in raw and in packed form, and in the spill folder.
    package var arenaBytes: Int
    package var spillBytes: Int
    /// The hottest in which it is.
    package var tier: Tier
    /// The client that made it here; 0: the raylet, from another node.
    package var creator: UInt64
    package var isSealed: Bool
    /// Other nodes have it too.
    package var isSecondary: Bool
    /// By message, and processes that pin it by page.
    package var pins: Int
    package var age: Int
    package var idle: Int
}
