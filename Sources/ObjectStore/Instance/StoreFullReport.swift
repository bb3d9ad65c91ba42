/// Why there is no room, and who holds what: the content of the error that a put fails with.
package struct StoreFullReport: Error, Sendable, Hashable {
    package enum Reason: Sendable, Hashable {
        /// Larger than the arena can ever be.
        case tooLarge
        /// No stretch of free or absent space is long enough.
        case noSpace
        /// The machine or the cgroup has no memory for another slab.
        case slabRefused(String)
        /// The index has no free slot.
        case noSlot
        /// Nothing moves to the spill folder: its disk is full.
        case diskFull(String)
        /// Nothing moves to the spill folder, for another reason.
        case noSpill(String)
        /// The memory is there, but could not be mapped.
        case unmapped(String)
        /// Too many creations wait for room.
        case tooManyPending
    }

    /// Bytes of one client, by why they cannot be freed.
    package struct Holder: Sendable, Hashable {
        package var client: UInt64
        /// Created and not sealed yet.
        package var unsealedBytes: Int
        /// Pinned by message.
        package var pinnedBytes: Int

        package init(client: UInt64, unsealedBytes: Int, pinnedBytes: Int) {
            self.client = client
            self.unsealedBytes = unsealedBytes
            self.pinnedBytes = pinnedBytes
        }
        package var bytes: Int { unsealedBytes + pinnedBytes }
    }

    package var reason: Reason
    package var requestedBytes: Int
    package var statistics: StoreStatistics
    /// The largest free stretch, in bytes: less than what is free in sum when the arena is fragmented.
    package var largestFreeBytes: Int
    /// Largest first, at most ``StoreLimits/holdersInReport``.
    package var holders: [Holder]
}

extension StoreFullReport: CustomStringConvertible {
    package var description: String {
        var text = "no room for \(requestedBytes) bytes in the object store: "
        switch reason {
        case .tooLarge: text += "it is larger than the whole store of \(statistics.capacityBytes) bytes"
        case .noSpace: text += "\(statistics.usedBytes) of \(statistics.capacityBytes) bytes are in use"
        case .slabRefused(let why): text += "it could not grow (\(why))"
        case .noSlot: text += "\(statistics.objects) objects fill its index"
        case .diskFull(let why), .noSpill(let why):
            text += "\(statistics.usedBytes) of \(statistics.capacityBytes) bytes are in use, and nothing more can be spilled: \(why)"
        case .unmapped(let why): text += why
        case .tooManyPending: text += "too many requests wait for room"
        }
        text += "; the largest free stretch has \(largestFreeBytes) bytes"
        if statistics.warmObjects > 0 { text += "; \(statistics.warmBytes) bytes hold \(statistics.warmObjects) packed objects" }
        if statistics.coldObjects > 0 { text += "; \(statistics.coldBytes) bytes of \(statistics.coldObjects) objects are spilled" }
        if statistics.retiredBytes > 0 { text += "; \(statistics.retiredBytes) bytes are deleted but still read" }
        for holder in holders {
            text += "; client \(holder.client) holds \(holder.pinnedBytes) bytes pinned and \(holder.unsealedBytes) bytes unsealed"
        }
        return text
    }
}
