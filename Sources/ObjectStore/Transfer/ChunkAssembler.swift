package import RayflowCore
import Synchronization

/// Puts chunks together that arrive in any order, some of them twice, on several threads at once.
///
/// The room is let go exactly once: by ``abort()`` (after the last thread that still writes), by ``finish()``, or with the assembler.
package final class ChunkAssembler: Sendable {
    package enum Progress: Sendable, Hashable {
        /// So many parts are still missing.
        case missing(Int)
        /// This part had come before, or another thread has it in hand; nothing changed.
        case duplicate
        /// That was the last one.
        case complete
    }

    /// Where the object goes. `memory` is valid until `release`, which is called once.
    package struct Room: @unchecked Sendable {
        package var memory: UnsafeMutableRawBufferPointer
        package var release: @Sendable () -> Void
        package init(memory: UnsafeMutableRawBufferPointer, release: @escaping @Sendable () -> Void) {
            self.memory = memory
            self.release = release
        }

        /// A window on what was granted, closed with the transfer.
        package init(_ window: WriteWindow) { self.init(memory: window.memory) { withExtendedLifetime(window) {} } }
    }

    private enum Part { case missing, arriving, there }
    private struct State {
        var room: Room?
        var parts: [Part]
        var missing: Int
        var writers = 0
        var isAborted = false
    }

    package let plan: ChunkPlan
    private let place: ChunkPlace
    private let state: Mutex<State>

    package init(_ object: ObjectID, _ room: Room, chunkSize: Int = StoreLimits.chunkSize) {
        place = ChunkPlace(object, size: room.memory.count)
        plan = ChunkPlan(totalSize: room.memory.count, chunkSize: chunkSize)
        state = Mutex(State(room: room, parts: [Part](repeating: .missing, count: plan.count), missing: plan.count))
    }

    /// Unpacks one part to its place. A part that throws stays missing.
    package func accept(_ encoded: [UInt8], at index: Int) throws(ChunkFault) -> Progress {
        guard (0..<plan.count).contains(index) else { throw .badIndex(index, count: plan.count) }
        let room: Room? = try state.withLock { state throws(ChunkFault) in
            guard !state.isAborted else { throw .aborted }
            guard let room = state.room, state.parts[index] == .missing else { return nil }
            state.parts[index] = .arriving
            state.writers += 1
            return room
        }
        guard let room else { return .duplicate }
        do throws(ChunkFault) {
            let part = UnsafeMutableRawBufferPointer(rebasing: room.memory[plan.range(of: index)])
            try Chunk(parsing: encoded, place: place.checksum(at: index)).decompress(into: part)
        } catch {
            leave(index, as: .missing)
            throw error
        }
        let (missing, isAborted) = leave(index, as: .there)
        if isAborted { throw .aborted }
        return missing == 0 ? .complete : .missing(missing)
    }

    /// The parts that have not come yet, in order.
    package var gaps: [Int] { state.withLock { state in state.parts.indices.filter { state.parts[$0] != .there } } }

    /// The parts that have come.
    package var there: [Int] { state.withLock { state in state.parts.indices.filter { state.parts[$0] == .there } } }

    /// The parts that have not come yet, as stretches in order: at most `limit`, of which the last may hold some that have. None: all of them.
    package func missing(limit: Int) -> [Range<UInt32>] {
        var stretches: [Range<UInt32>] = []
        for index in gaps.map({ UInt32($0) }) {
            if let last = stretches.last, last.upperBound == index || stretches.count == limit {
                stretches[stretches.count - 1] = last.lowerBound..<index + 1
            } else {
                stretches.append(index..<index + 1)
            }
        }
        return stretches == [0..<UInt32(plan.count)] ? [] : stretches
    }

    package var isComplete: Bool { state.withLock { $0.missing == 0 && !$0.isAborted } }

    /// Lets the room go with everything in it.
    /// - Returns: false when parts are missing or the transfer was given up; then nothing happened.
    @discardableResult
    package func finish() -> Bool {
        let room: Room? = state.withLock { state in
            guard state.missing == 0, state.writers == 0, !state.isAborted else { return nil }
            return state.room.take()
        }
        room?.release()
        return room != nil
    }

    /// Gives the transfer up. The room is let go when no thread writes to it any more, which may be now.
    package func abort() {
        let room: Room? = state.withLock { state in
            state.isAborted = true
            return state.writers == 0 ? state.room.take() : nil
        }
        room?.release()
    }

    @discardableResult
    private func leave(_ index: Int, as part: Part) -> (missing: Int, isAborted: Bool) {
        let (missing, isAborted, room): (Int, Bool, Room?) = state.withLock { state in
            state.parts[index] = part
            state.writers -= 1
            if part == .there { state.missing -= 1 }
            let isLast = state.isAborted && state.writers == 0
            return (state.missing, state.isAborted, isLast ? state.room.take() : nil)
        }
        room?.release()
        return (missing, isAborted)
    }

    deinit { abort() }
}
