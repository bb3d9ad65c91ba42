/// A value whose encoding is a count and one block of memory: a large one is copied straight into the object store, once.
protocol BulkValue {
    var bulkCount: Int { get }
    func withBulkBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R
}

extension Array: BulkValue where Element: RemoteNumber {
    var bulkCount: Int { count }
    func withBulkBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R { try withUnsafeBytes(body) }
}

extension RemoteBuffer: BulkValue {
    var bulkCount: Int { count }
    func withBulkBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try withExtendedLifetime(pages) { try body(UnsafeRawBufferPointer(start: pages.base, count: pages.byteCount)) }
    }
}
