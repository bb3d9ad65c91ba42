package import RayflowCore

/// How an attempt of a step ended: the outcome of its leader, the process that the runner started.
package struct StepExit: Sendable, Hashable {
    /// Whether somebody ended it. On the wire and on disk a reason is its raw value: append only.
    package enum Reason: UInt8, Sendable, Hashable, CaseIterable {
        /// The process ended by itself, or by a signal that was not the runner's.
        case own
        case timeout
        case cancelled
        /// The engine died or closed the connection while the process ran.
        case engineLost
    }

    package var outcome: ProcessOutcome
    package var reason: Reason
    /// Nanoseconds of the monotonic and of the wall clock, from the start of the leader to its end as seen by the runner.
    package var startedMonotonic: UInt64
    package var endedMonotonic: UInt64
    package var startedWall: UInt64
    package var endedWall: UInt64
    package var usage: ProcessUsage

    package init(
        outcome: ProcessOutcome, reason: Reason, startedMonotonic: UInt64, endedMonotonic: UInt64, startedWall: UInt64, endedWall: UInt64,
        usage: ProcessUsage
    ) {
        self.outcome = outcome
        self.reason = reason
        self.startedMonotonic = startedMonotonic
        self.endedMonotonic = endedMonotonic
        self.startedWall = startedWall
        self.endedWall = endedWall
        self.usage = usage
    }

    package func encode(into writer: inout ByteWriter) {
        switch outcome {
        case .exited(let code):
            writer.u8(0)
            writer.u32(UInt32(bitPattern: code))
        case .signalled(let number):
            writer.u8(1)
            writer.u32(UInt32(bitPattern: number))
        }
        writer.u8(reason.rawValue)
        for value in [startedMonotonic, endedMonotonic, startedWall, endedWall] { writer.u64(value) }
        usage.encode(into: &writer)
    }

    package init(from reader: inout ByteReader) throws(DecodingFault) {
        switch try reader.u8() {
        case 0: outcome = .exited(Int32(bitPattern: try reader.u32()))
        case 1: outcome = .signalled(Int32(bitPattern: try reader.u32()))
        default: throw DecodingFault("an unknown outcome of a step", at: reader.offset - 1)
        }
        guard let reason = Reason(rawValue: try reader.u8()) else {
            throw DecodingFault("an unknown reason of an exit", at: reader.offset - 1)
        }
        self.reason = reason
        startedMonotonic = try reader.u64()
        endedMonotonic = try reader.u64()
        startedWall = try reader.u64()
        endedWall = try reader.u64()
        usage = try ProcessUsage(from: &reader)
    }
}
