internal import RayflowCore

/// What a process and the children that it waited for have used.
package struct ProcessUsage: Sendable, Hashable {
    /// Nanoseconds of processor time.
    package var userTime: UInt64
    package var systemTime: UInt64
    /// Bytes: the largest resident set of any one of them.
    package var maxResidentBytes: UInt64

    package init(userTime: UInt64 = 0, systemTime: UInt64 = 0, maxResidentBytes: UInt64 = 0) {
        self.userTime = userTime
        self.systemTime = systemTime
        self.maxResidentBytes = maxResidentBytes
    }

    func encode(into writer: inout ByteWriter) {
        writer.u64(userTime)
        writer.u64(systemTime)
        writer.u64(maxResidentBytes)
    }

    init(from reader: inout ByteReader) throws(DecodingFault) {
        self.init(userTime: try reader.u64(), systemTime: try reader.u64(), maxResidentBytes: try reader.u64())
    }
}
