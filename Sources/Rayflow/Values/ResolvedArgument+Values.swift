package import RayflowCore

extension ResolvedArgument {
    package func decode<T: RemoteValue>(_: T.Type = T.self, in cluster: Cluster?) throws(RayflowError) -> T {
        switch self {
        case .payload(let payload): try payload.decode(T.self, in: cluster)
        case .mapped(let object): try object.decode(T.self, in: cluster)
        case .gather(let parts): try Self.join(parts, as: T.self, in: cluster)
        }
    }

    /// Joins the parts of an array: its count, then the bytes of each part.
    ///
    /// The places of refs in a part count from that part's own first ref, so the reader is told where each part begins.
    private static func join<T: RemoteValue>(_ parts: [ResolvedArgument], as _: T.Type, in cluster: Cluster?) throws(RayflowError) -> T {
        if T.self == JSON.self {
            var elements: [JSON] = []
            for part in parts { elements.append(try part.decode(JSON.self, in: cluster)) }
            if let list = JSON.array(elements) as? T { return list }
        }
        guard let tag = T._elementTag else { throw RayflowError(.typeMismatch, "a list of refs and values given for a \(T.self)") }
        let writer = ValueWriter()
        writer.count(parts.count)
        var refs: [ObjectID] = []
        var starts: [ValueReader.GatheredPart] = []
        for part in parts {
            if case .gather = part { throw RayflowError(.typeMismatch, "a list in a list of refs and values") }
            try part.withBytes { (form, type, bytes, partRefs) throws(RayflowError) in
                if !partRefs.isEmpty || !refs.isEmpty { starts.append(ValueReader.GatheredPart(start: writer.count, firstRef: refs.count)) }
                refs += partRefs
                switch form {
                case .json:
                    do { try T._writeElement(try JSON.parse(bytes), to: writer) } catch let error as RayflowError { throw error } catch {
                        throw RayflowError(.typeMismatch, "\(tag) expected: \(error)", cause: error)
                    }
                case .binary:
                    guard type == tag else { throw RayflowError(.typeMismatch, "an element is a \(type), \(tag) expected") }
                    writer.block(bytes)
                }
            }
        }
        let joined: [UInt8]
        do { joined = try writer.finish().bytes } catch { throw RayflowError(.typeMismatch, "\(error)", cause: error) }
        return try joined.span.withUnsafeBytes { (bytes) throws(RayflowError) in
            try EncodedObject(form: .binary, type: T._typeTag, bytes: bytes, refs: refs, parts: starts, owner: nil).decode(
                T.self, in: cluster)
        }
    }

    private func withBytes<R>(
        _ body: (Payload.Form, String, UnsafeRawBufferPointer, [ObjectID]) throws(RayflowError) -> R
    ) throws(RayflowError) -> R {
        switch self {
        case .payload(let payload):
            return try payload.bytes.span.withUnsafeBytes { (bytes) throws(RayflowError) in
                try body(payload.form, payload.type, bytes, payload.refs)
            }
        case .mapped(let object):
            return try withExtendedLifetime(object.owner) { () throws(RayflowError) in
                try body(object.layout.form, object.layout.type, object.body, object.layout.refs)
            }
        case .gather: throw RayflowError(.typeMismatch, "a list in a list of refs and values")
        }
    }
}
