package import RayflowCore

/// Cuts a byte stream into frames: u32 length (little-endian), then that many bytes. Both ends of the runner's socket use it.
package struct StepFrames: Sendable {
    private var buffer: [UInt8] = []
    private var start = 0

    package init() {}

    package mutating func append(_ bytes: some Sequence<UInt8>) {
        if start > 0 {
            // Frames are taken out between two appends, so what is left is at most one incomplete frame.
            buffer.removeFirst(start)
            start = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The body of the next complete frame.
    ///
    /// - Throws: ``DecodingFault`` for a length above ``StepRunnerLimits/frameBytes``: the stream cannot be followed any further.
    package mutating func next() throws(DecodingFault) -> ArraySlice<UInt8>? {
        var reader = ByteReader(buffer[start...])
        guard reader.remaining >= 4 else { return nil }
        let length = Int(try reader.u32())
        guard length <= StepRunnerLimits.frameBytes else { throw DecodingFault("a frame of \(length) bytes", at: start) }
        guard length <= reader.remaining else { return nil }
        let body = try reader.slice(length)
        start = reader.offset
        return body
    }

    static func write(into writer: inout ByteWriter, _ body: (inout ByteWriter) -> Void) {
        let at = writer.count
        writer.u32(0)
        body(&writer)
        writer.patchU32(at: at, UInt32(writer.count - at - 4))
    }
}
