import CLinux

/// CRC-32C (Castagnoli) over bytes given in pieces.
struct Checksum {
    private(set) var value: UInt32 = 0

    mutating func add(_ bytes: UnsafeRawBufferPointer) { value = rf_crc32c(value, bytes.baseAddress, bytes.count) }
}
