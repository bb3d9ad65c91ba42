/// What a receiver throws on a chunk that no sender of this version made, or that was changed on its way. Nothing was written to the object
/// that anybody reads: a faulty chunk is asked for again.
package enum ChunkFault: Error, Sendable, Hashable {
    case tooShort(Int)
    case unknownForm(UInt8)
    /// The header promises more than ``StoreLimits/chunkSize`` bytes.
    case tooLarge(Int)
    case wrongChecksum(expected: UInt32, found: UInt32)
    /// The bytes do not give the promised size.
    case wrongSize(expected: Int, found: Int)
    case badIndex(Int, count: Int)
    /// The transfer was given up meanwhile.
    case aborted
}

extension ChunkFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tooShort(let count): "a chunk of \(count) bytes"
        case .unknownForm(let form): "a chunk of unknown form \(form)"
        case .tooLarge(let size): "a chunk that promises \(size) bytes, more than \(StoreLimits.chunkSize)"
        case .wrongChecksum(let expected, let found): "a chunk with checksum \(found) instead of \(expected)"
        case .wrongSize(let expected, let found): "a chunk of \(found) bytes instead of \(expected)"
        case .badIndex(let index, let count): "chunk \(index) of \(count)"
        case .aborted: "the transfer was given up"
        }
    }
}
