import RayflowCore

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
        return numbers
    }

    func report(_ reason: StoreFullReport.Reason, size: Int) -> StoreFullReport {
        var holders: [StoreFullReport.Holder] = []
        for (client, held) in clients {
            let unsealed = held.unsealed.reduce(0) { $0 + Int(objects[$1]?.place.size ?? 0) }
            let pinned = held.pins.keys.reduce(0) { $0 + Int(objects[$1]?.place.size ?? 0) }
            holders.append(StoreFullReport.Holder(client: client, unsealedBytes: unsealed, pinnedBytes: pinned))
        }
        holders.sort { ($1.bytes, $0.client) < ($0.bytes, $1.client) }
        return StoreFullReport(
            reason: reason, requestedBytes: size, statistics: statistics,
            largestFreeBytes: allocator.largestFree * StoreLimits.granule,
            holders: Array(holders.prefix(StoreLimits.holdersInReport)))
    }
}
