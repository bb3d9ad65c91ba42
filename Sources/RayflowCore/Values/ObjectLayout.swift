/// How a payload lies in shared memory: a header (form, type tag, refs), padding, then the payload's bytes, unchanged.
///
/// The body starts 8 bytes before a multiple of ``alignment``, so that the elements of an array of numbers, which stand behind its count of
/// 8 bytes, are aligned when the object itself is. Nothing in the header depends on the body but its length, so a writer may reserve room,
/// write the body in place, and shorten it before the object is sealed.
public struct ObjectLayout: Hashable, Sendable {
    public var form: Payload.Form
    public var type: String
    public var refs: [ObjectID]
    /// Bytes of the body.
    public var bodyCount: Int

    /// What an object must be aligned to, in bytes.
    public static let alignment = 64
    private static let magic: UInt32 = 0x314f_4652  // "RFO1"
    private static let fixedHeader = 4 + 1 + 4 + 4 + 8
    private static let refBytes = 28

    public init(form: Payload.Form = .binary, type: String, refs: [ObjectID] = [], bodyCount: Int) {
        self.form = form
        self.type = type
        self.refs = refs
        self.bodyCount = bodyCount
    }

    public init(_ payload: Payload) {
        self.init(form: payload.form, type: payload.type, refs: payload.refs, bodyCount: payload.bytes.count)
    }

    public var bodyOffset: Int { Self.bodyOffset(after: Self.fixedHeader + type.utf8.count + refs.count * Self.refBytes) }
    public var body: Range<Int> { bodyOffset..<bodyOffset + bodyCount }
    /// Bytes of the whole object.
    public var byteCount: Int { bodyOffset + bodyCount }

    private static func bodyOffset(after header: Int) -> Int { (header + 8 + alignment - 1) / alignment * alignment - 8 }
}

extension ObjectLayout {
    /// Writes everything before the body.
    /// - Precondition: `object` holds `bodyOffset` bytes at least.
    public func writeHeader(into object: UnsafeMutableRawBufferPointer) {
        precondition(object.count >= bodyOffset, "\(object.count) bytes for a header of \(bodyOffset)")
        var writer = ByteWriter(reserving: bodyOffset)
        writer.u32(Self.magic)
        writer.u8(form.rawValue)
        writer.list(refs) { $0.object($1) }
        writer.string(type)
        writer.u64(UInt64(bodyCount))
        writer.tail(repeatElement(0, count: bodyOffset - writer.count))
        object.copyBytes(from: writer.bytes)
    }

    /// Writes a whole object.
    /// - Precondition: `object` holds `ObjectLayout(payload).byteCount` bytes at least.
    public static func write(_ payload: Payload, into object: UnsafeMutableRawBufferPointer) {
        let layout = ObjectLayout(payload)
        precondition(object.count >= layout.byteCount, "\(object.count) bytes for an object of \(layout.byteCount)")
        layout.writeHeader(into: object)
        UnsafeMutableRawBufferPointer(rebasing: object[layout.body]).copyBytes(from: payload.bytes)
    }

    /// Reads the header; the body stays where it is. Bytes behind the body (the rest of an extent) are ignored.
    public static func parse(_ object: UnsafeRawBufferPointer) throws(DecodingFault) -> ObjectLayout {
        // Of the fixed part only the two lengths are needed to know how much of the object is header.
        guard object.count >= fixedHeader else { throw DecodingFault("an object of \(object.count) bytes", at: 0) }
        guard UInt32(littleEndian: object.loadUnaligned(as: UInt32.self)) == magic else { throw DecodingFault("no object", at: 0) }
        let refCount = Int(UInt32(littleEndian: object.loadUnaligned(fromByteOffset: 5, as: UInt32.self)))
        let typeAt = 9 + refCount * refBytes
        guard typeAt + 4 + 8 <= object.count else { throw DecodingFault("\(refCount) refs beyond the end", at: 5) }
        let typeCount = Int(UInt32(littleEndian: object.loadUnaligned(fromByteOffset: typeAt, as: UInt32.self)))
        let headerEnd = typeAt + 4 + typeCount + 8
        guard headerEnd <= object.count else { throw DecodingFault("a type tag beyond the end", at: typeAt) }

        var reader = ByteReader(Array(object[4..<headerEnd]))
        guard let form = Payload.Form(rawValue: try reader.u8()) else { throw DecodingFault("unknown form of value", at: 4) }
        let refs = try reader.list(unit: refBytes) { (reader) throws(DecodingFault) in try reader.object() }
        let type = try reader.string()
        let bodyCount = try reader.u64()
        try reader.finish()
        let offset = bodyOffset(after: headerEnd)
        guard offset <= object.count, bodyCount <= UInt64(object.count - offset) else {
            throw DecodingFault("a body of \(bodyCount) bytes beyond the end", at: headerEnd - 8)
        }
        return ObjectLayout(form: form, type: type, refs: refs, bodyCount: Int(bodyCount))
    }

    /// Copies an object out of shared memory.
    public static func payload(of object: UnsafeRawBufferPointer) throws(DecodingFault) -> Payload {
        let layout = try parse(object)
        return Payload(form: layout.form, type: layout.type, bytes: Array(object[layout.body]), refs: layout.refs)
    }
}
