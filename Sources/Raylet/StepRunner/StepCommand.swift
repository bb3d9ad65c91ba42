package import RayflowCore

/// What the engine tells the runner.
package enum StepCommand: Sendable, Hashable {
    /// Why the engine ends a step. Timeouts that stand in the start order are the runner's own business.
    package enum KillReason: UInt8, Sendable, Hashable, CaseIterable {
        case timeout
        case cancel
    }

    case start(StepStart)
    /// SIGTERM to the step's group, SIGKILL after the grace. A second one may shorten the grace, never lengthen it.
    /// Unknown keys are ignored: the exit is on its way.
    case kill(key: UInt64, reason: KillReason, graceMilliseconds: UInt64)
    /// Cancel everything, report it, and leave.
    case shutdown

    /// One frame: u32 length, then the body.
    package func encode(into writer: inout ByteWriter) {
        StepFrames.write(into: &writer) { writer in
            switch self {
            case .start(let start):
                writer.u8(0)
                start.encode(into: &writer)
            case .kill(let key, let reason, let grace):
                writer.u8(1)
                writer.u64(key)
                writer.u8(reason.rawValue)
                writer.u64(grace)
            case .shutdown:
                writer.u8(2)
            }
        }
    }

    package init(body: ArraySlice<UInt8>) throws(DecodingFault) {
        var reader = ByteReader(body)
        switch try reader.u8() {
        case 0: self = .start(try StepStart(from: &reader))
        case 1:
            let key = try reader.u64()
            guard let reason = KillReason(rawValue: try reader.u8()) else {
                throw DecodingFault("an unknown reason to kill a step", at: reader.offset - 1)
            }
            self = .kill(key: key, reason: reason, graceMilliseconds: try reader.u64())
        case 2: self = .shutdown
        default: throw DecodingFault("an unknown step command", at: reader.offset - 1)
        }
        try reader.finish()
    }
}
