package import RayflowCore

extension Payload {
    /// - Throws: `invalidArgument` for a value that its own coder refuses.
    package init<T: RemoteValue>(encoding value: T) throws(RayflowError) {
        if T.self == JSON.self, let json = value as? JSON {
            self.init(json: json)
            return
        }
        do {
            let writer = ValueWriter()
            try value.write(to: writer)
            let (bytes, refs) = try writer.finish()
            self.init(type: T._typeTag, bytes: bytes, refs: refs)
        } catch let error as RayflowError {
            throw error
        } catch {
            throw RayflowError(.invalidArgument, "\(T.self) cannot be encoded: \(error)", cause: error)
        }
    }

    /// - Parameter cluster: where refs in the value belong; without one they are a fault.
    package func decode<T: RemoteValue>(_: T.Type = T.self, in cluster: Cluster?) throws(RayflowError) -> T {
        try bytes.span.withUnsafeBytes { (bytes) throws(RayflowError) in
            try EncodedObject(form: form, type: type, bytes: bytes, refs: refs, owner: nil).decode(T.self, in: cluster)
        }
    }
}

extension MappedObject {
    package func decode<T: RemoteValue>(_: T.Type = T.self, in cluster: Cluster?) throws(RayflowError) -> T {
        try withExtendedLifetime(owner) { () throws(RayflowError) in
            try EncodedObject(form: layout.form, type: layout.type, bytes: body, refs: layout.refs, owner: owner).decode(
                T.self, in: cluster)
        }
    }
}

/// An encoded value wherever its bytes are.
struct EncodedObject {
    var form: Payload.Form
    var type: String
    var bytes: UnsafeRawBufferPointer
    var refs: [ObjectID]
    var parts: [ValueReader.GatheredPart] = []
    var owner: (any AnyObject & Sendable)?

    func decode<T: RemoteValue>(_: T.Type, in cluster: Cluster?) throws(RayflowError) -> T {
        do {
            switch form {
            case .json:
                let json = try JSON.parse(bytes)
                return try T(from: JSONValueDecoder(json))
            case .binary where type == T._typeTag:
                let reader = ValueReader(bytes, refs: refs, parts: parts, owner: owner, cluster: cluster)
                defer { reader.close() }
                let value = try T.read(from: reader)
                guard reader.remaining == 0 else {
                    throw RayflowError(.typeMismatch, "\(reader.remaining) bytes of a \(type) are left over; its fields have changed")
                }
                return value
            case .binary:
                // Whoever asks for JSON can have any type that the registry knows.
                if T.self == JSON.self, let json = try cluster?.registry.json(self), let value = json as? T { return value }
                throw RayflowError(.typeMismatch, "the object is a \(type), read as \(T._typeTag)")
            }
        } catch let error as RayflowError {
            throw error
        } catch let fault as JSONFault {
            throw RayflowError(.corrupt, "JSON: \(fault)", cause: fault)
        } catch {
            throw RayflowError(.typeMismatch, "\(T.self) expected: \(error)", cause: error)
        }
    }
}
