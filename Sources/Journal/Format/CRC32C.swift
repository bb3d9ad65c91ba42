import CLinux

/// CRC-32C (Castagnoli), by the processor's instruction where it has one.
enum CRC32C {
    static func of(_ bytes: UnsafeRawBufferPointer, continuing crc: UInt32 = 0) -> UInt32 {
        rf_crc32c(crc, bytes.baseAddress, bytes.count)
    }

    static func of(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { of($0) } }
}
