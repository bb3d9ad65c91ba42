package import RayflowCore

/// What the runner tells the engine. A key that was started is reported exactly once more: as exited or as failed to start.
package enum StepReport: Sendable, Hashable {
    case started(key: UInt64, pid: Int32)
    /// Neither a process of the step's group nor a descendant that carries its token is left.
    ///
    /// `isRecorded` is false when the exit file could not be written (a full disk): then only this report knows.
    case exited(key: UInt64, exit: StepExit, isRecorded: Bool)
    case failedToStart(key: UInt64, failure: SpawnFailure)

    package var key: UInt64 {
        switch self {
        case .started(let key, _), .exited(let key, _, _), .failedToStart(let key, _): key
        }
    }

    /// One frame: u32 length, then the body.
    package func encode(into writer: inout ByteWriter) {
        StepFrames.write(into: &writer) { writer in
            switch self {
            case .started(let key, let pid):
                writer.u8(0)
                writer.u64(key)
                writer.u32(UInt32(bitPattern: pid))
            case .exited(let key, let exit, let isRecorded):
                writer.u8(1)
                writer.u64(key)
                exit.encode(into: &writer)
                writer.bool(isRecorded)
            case .failedToStart(let key, let failure):
                writer.u8(2)
                writer.u64(key)
                writer.u8(failure.reason.rawValue)
                writer.u32(UInt32(bitPattern: failure.errno))
                writer.string(failure.message)
            }
        }
    }

    package init(body: ArraySlice<UInt8>) throws(DecodingFault) {
        var reader = ByteReader(body)
        switch try reader.u8() {
        case 0: self = .started(key: try reader.u64(), pid: Int32(bitPattern: try reader.u32()))
        case 1: self = .exited(key: try reader.u64(), exit: try StepExit(from: &reader), isRecorded: try reader.bool())
        case 2:
            let key = try reader.u64()
            guard let reason = SpawnFailure.Reason(rawValue: try reader.u8()) else {
                throw DecodingFault("an unknown reason of a failed start", at: reader.offset - 1)
            }
            let errno = Int32(bitPattern: try reader.u32())
            self = .failedToStart(key: key, failure: SpawnFailure(reason, errno: errno, try reader.string()))
        default: throw DecodingFault("an unknown step report", at: reader.offset - 1)
        }
        try reader.finish()
    }
}
