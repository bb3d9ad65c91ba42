internal import RayflowCore

/// What a step reads from its standard input.
package enum StepInput: Sendable, Hashable {
    /// `/dev/null`.
    case none
    /// Opened by the runner when the step starts.
    case file(String)
    /// Bytes that travel with the command, at most ``StepRunnerLimits/frameBytes`` with the rest of it.
    case bytes([UInt8])

    func encode(into writer: inout ByteWriter) {
        switch self {
        case .none: writer.u8(0)
        case .file(let path):
            writer.u8(1)
            writer.string(path)
        case .bytes(let bytes):
            writer.u8(2)
            writer.blob(bytes)
        }
    }

    init(from reader: inout ByteReader) throws(DecodingFault) {
        switch try reader.u8() {
        case 0: self = .none
        case 1: self = .file(try reader.string())
        case 2: self = .bytes(try reader.blob())
        default: throw DecodingFault("an unknown kind of step input", at: reader.offset - 1)
        }
    }
}
