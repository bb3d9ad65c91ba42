import RayflowCore

/// Why one side ends a connection; told to the other side in the last frame, so that it can print it. u8 code, string text.
package struct Refusal: Error, Sendable, Hashable, CustomStringConvertible {
    package struct Code: RawRepresentable, Sendable, Hashable {
        package var rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }
        package static let magic = Code(rawValue: 1)
        package static let version = Code(rawValue: 2)
        package static let role = Code(rawValue: 3)
        package static let cluster = Code(rawValue: 4)
        package static let token = Code(rawValue: 5)
        package static let functions = Code(rawValue: 6)
        package static let malformed = Code(rawValue: 7)
        /// An announced address belongs to another live process.
        package static let addressInUse = Code(rawValue: 8)
        /// The handshake took too long.
        package static let late = Code(rawValue: 9)
    }

    package var code: Code
    package var text: String

    package init(_ code: Code, _ text: String) {
        self.code = code
        self.text = text
    }

    package var description: String { text }

    package var encoded: [UInt8] {
        var writer = ByteWriter()
        writer.u8(code.rawValue)
        writer.string(String(decoding: text.utf8.prefix(TransportLimits.refusalTextBytes), as: UTF8.self))
        return writer.bytes
    }

    package init(decoding body: ArraySlice<UInt8>) throws {
        var reader = ByteReader(body)
        code = Code(rawValue: try reader.u8())
        // Repairing a cut character may lengthen the text by a few bytes.
        guard reader.remaining <= TransportLimits.refusalTextBytes + 16 else {
            throw DecodingFault("a refusal of \(reader.remaining) bytes", at: reader.offset)
        }
        text = try reader.string()
        try reader.finish()
    }
}
