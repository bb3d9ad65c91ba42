internal import CLinux
package import RayflowCore

/// What an exit file says: which attempt it was, and how it ended.
package struct ExitRecord: Sendable, Hashable {
    package var token: String
    package var attempt: Attempt
    package var exit: StepExit

    package init(token: String, attempt: Attempt, exit: StepExit) {
        self.token = token
        self.attempt = attempt
        self.exit = exit
    }

    private static let magic: UInt32 = 0x3158_4652  // "RFX1"

    /// Magic, fields, and a CRC-32C of all that stands before it.
    func encoded() -> [UInt8] {
        var writer = ByteWriter(reserving: 128 + token.utf8.count)
        writer.u32(Self.magic)
        writer.string(token)
        writer.attempt(attempt)
        exit.encode(into: &writer)
        writer.u32(Self.checksum(writer.bytes[...]))
        return writer.bytes
    }

    init(_ bytes: [UInt8]) throws(DecodingFault) {
        guard bytes.count > 8 else { throw DecodingFault("a short exit record", at: bytes.count) }
        let end = bytes.count - 4
        var tail = ByteReader(bytes[end...])
        guard try tail.u32() == Self.checksum(bytes[..<end]) else { throw DecodingFault("a checksum that does not match", at: end) }
        var reader = ByteReader(bytes[..<end])
        guard try reader.u32() == Self.magic else { throw DecodingFault("not an exit record", at: 0) }
        token = try reader.string()
        attempt = try reader.attempt()
        exit = try StepExit(from: &reader)
        try reader.finish()
    }

    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.withUnsafeBytes { rf_crc32c(0, $0.baseAddress, $0.count) }
    }
}
