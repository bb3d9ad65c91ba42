import RayflowCore

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
        /// In the arena, made by this client, kept by refs.
        package var madeBytes = 0
        /// Created and not sealed yet.
        package var unsealedBytes = 0
        /// Pinned by message or by page, deleted objects included.
        package var pinnedBytes = 0

        package var bytes: Int { madeBytes + unsealedBytes + pinnedBytes }

        var name: String {
            switch client {
            case StoreInstance.nodeClient: "the node itself (copies from other nodes, arguments of tasks, its own readers)"
            case StoreInstance.sendingClient: "the node itself (for other nodes)"
            // As `rayflow memory` names it.
            default: "process-\(hex(client))"
            }
        }
    }

    package var reason: Reason
    package var requestedBytes: Int
    package var statistics: StoreStatistics
    /// Whether objects may go to a folder.
    package var spills: Bool
    /// The largest free stretch, in bytes: less than what is free in sum when the arena is fragmented.
    package var largestFreeBytes: Int
    /// Largest first, at most ``StoreLimits/holdersInReport``.
    package var holders: [Holder]
}

extension StoreFullReport: CustomStringConvertible {
    package var description: String {
        var text = "no room for \(size(requestedBytes)) in the object store: "
        switch reason {
        case .tooLarge: text += "it is larger than the whole store of \(size(statistics.capacityBytes))"
        case .noSpace: text += inUse
        case .slabRefused(let why): text += "it could not grow (\(why))"
        case .noSlot: text += "\(statistics.objects) objects fill its index"
        case .diskFull(let why), .noSpill(let why): text += "\(inUse), and nothing more can be spilled: \(why)"
        case .unmapped(let why): text += why
        case .tooManyPending: text += "too many requests wait for room"
        }
        let free = statistics.capacityBytes - statistics.usedBytes
        if case .noSpace = reason, free >= requestedBytes { text += "; the largest free stretch has \(size(largestFreeBytes))" }
        if statistics.warmObjects > 0 { text += "; \(size(statistics.warmBytes)) hold \(statistics.warmObjects) packed objects" }
        if statistics.coldObjects > 0 { text += "; \(size(statistics.coldBytes)) of \(statistics.coldObjects) objects are spilled" }
        if statistics.retiredBytes > 0 { text += "; \(size(statistics.retiredBytes)) are deleted but still read" }
        for holder in holders where holder.bytes > 0 {
            let parts = [
                (holder.madeBytes, "made and kept by refs"), (holder.pinnedBytes, "pinned"), (holder.unsealedBytes, "being written"),
            ]
            let held = parts.filter { $0.0 > 0 }.map { "\(size($0.0)) \($0.1)" }
            text += "; \(holder.name) has \(held.joined(separator: ", "))"
        }
        return text + remedy
    }

    private var inUse: String { "\(size(statistics.usedBytes)) of \(size(statistics.capacityBytes)) are in use" }

    private var remedy: String {
        switch reason {
        case .tooLarge: "; give the store more memory, or make the value smaller"
        case .noSpace, .noSlot:
            "; let go of refs and values, \(spills ? "" : "name a spill folder, ")or give the store more memory"
        case .slabRefused, .diskFull, .noSpill, .unmapped, .tooManyPending: ""
        }
    }

    private func size(_ bytes: Int) -> String { ByteCount(bytes: bytes).rounded }
}
