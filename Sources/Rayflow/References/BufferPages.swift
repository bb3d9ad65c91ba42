import RayflowCore

/// The memory behind a buffer: a view that keeps its owner, or a copy of its own.
final class BufferPages: @unchecked Sendable {
    /// Aligned for every number; never read when there are no bytes.
    let base: UnsafeRawPointer
    let byteCount: Int
    private let owner: (any AnyObject & Sendable)?
    private let copy: UnsafeMutableRawPointer?

    init(viewing base: UnsafeRawPointer, byteCount: Int, owner: any AnyObject & Sendable) {
        self.base = base
        self.byteCount = byteCount
        self.owner = owner
        copy = nil
    }

    init(copying bytes: UnsafeRawBufferPointer) {
        let copy = UnsafeMutableRawPointer.allocate(byteCount: max(bytes.count, 1), alignment: ObjectLayout.alignment)
        if let source = bytes.baseAddress { copy.copyMemory(from: source, byteCount: bytes.count) }
        base = UnsafeRawPointer(copy)
        byteCount = bytes.count
        owner = nil
        self.copy = copy
    }

    deinit { copy?.deallocate() }
}
