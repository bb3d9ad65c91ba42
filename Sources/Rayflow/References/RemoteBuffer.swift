public import RayflowCore

/// An array of numbers, read where it lies: on mapped pages, which it pins while it or a copy of it lives.
///
/// It has one wire form with `[Element]`; getting it costs the same at any size.
public struct RemoteBuffer<Element: RemoteNumber>: RemoteValue {
    let pages: BufferPages

    init(_ pages: BufferPages) { self.pages = pages }

    /// A copy of an array.
    public init(_ array: [Element]) { pages = array.withUnsafeBytes { BufferPages(copying: $0) } }

    private var elements: UnsafeBufferPointer<Element> {
        UnsafeBufferPointer(start: pages.base.assumingMemoryBound(to: Element.self), count: count)
    }

    /// Runs `body` on the elements. The span cannot leave it.
    public func withSpan<R: ~Copyable, E: Error>(_ body: (Span<Element>) throws(E) -> R) throws(E) -> R {
        defer { withExtendedLifetime(pages) {} }
        return try body(Span(_unsafeElements: elements))
    }

    public var span: Span<Element> {
        @_lifetime(borrow self)
        get { _overrideLifetime(Span(_unsafeElements: elements), borrowing: self) }
    }
}

extension RemoteBuffer: RandomAccessCollection {
    public var startIndex: Int { 0 }
    public var endIndex: Int { pages.byteCount / MemoryLayout<Element>.stride }
    public subscript(index: Int) -> Element {
        precondition(index >= 0 && index < endIndex, "index \(index) of \(endIndex)")
        return pages.base.load(fromByteOffset: index * MemoryLayout<Element>.stride, as: Element.self)
    }
}

extension RemoteBuffer {
    public static var _typeTag: String { [Element]._typeTag }
    public static var _elementTag: String? { Element._typeTag }

    public func write(to writer: ValueWriter) {
        writer.count(count)
        writer.block(UnsafeRawBufferPointer(start: pages.base, count: pages.byteCount))
        withExtendedLifetime(pages) {}
    }
    public static func read(from reader: ValueReader) throws -> Self {
        let count = try reader.count()
        let (size, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
        guard !overflow else { throw reader.corrupt("a buffer of \(count) elements") }
        let block = try reader.block(size)
        if let owner = reader.owner, let base = block.baseAddress, UInt(bitPattern: base) % UInt(MemoryLayout<Element>.alignment) == 0 {
            return Self(BufferPages(viewing: base, byteCount: size, owner: owner))
        }
        return Self(BufferPages(copying: block))
    }
    public static func _writeElement(_ json: JSON, to writer: ValueWriter) throws { try [Element]._writeElement(json, to: writer) }

    public init(from decoder: any Decoder) throws { self.init(try [Element](from: decoder)) }
    public func encode(to encoder: any Encoder) throws { try Array(self).encode(to: encoder) }
}
