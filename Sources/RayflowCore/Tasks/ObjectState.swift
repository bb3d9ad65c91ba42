/// What is known of a finished object: the value itself when small, else the nodes that hold it, or why there is none.
public enum ObjectState: Sendable {
    case inline(EnclosedPayload)
    /// `size` is the encoded size in bytes; `refs` are nested in the value, with their origins.
    case stored(nodes: [NodeID], size: UInt64, refs: [ObjectID], origins: [RefOrigin])
    indirect case failed(ErrorRecord)

    public var isStored: Bool { if case .stored = self { true } else { false } }
}

/// An object whose ownership moves with a reply, before the result that holds it becomes visible.
public struct MovedObject: Sendable {
    public var id: ObjectID
    public var lineage: LineageID
    public var state: ObjectState
    public init(id: ObjectID, lineage: LineageID, state: ObjectState) {
        self.id = id
        self.lineage = lineage
        self.state = state
    }
}

extension ByteWriter {
    public mutating func state(_ value: ObjectState) {
        switch value {
        case .inline(let enclosed):
            u8(0)
            self.enclosed(enclosed)
        case .stored(let nodes, let size, let refs, let origins):
            u8(1)
            list(nodes) { $0.node($1) }
            u64(size)
            list(refs) { $0.object($1) }
            list(origins) { $0.origin($1) }
        case .failed(let record):
            u8(2)
            errorRecord(record)
        }
    }

    public mutating func moved(_ value: MovedObject) {
        object(value.id)
        lineage(value.lineage)
        state(value.state)
    }
}

extension ByteReader {
    public mutating func state() throws(DecodingFault) -> ObjectState {
        switch try u8() {
        case 0: return .inline(try enclosed())
        case 1:
            let nodes = try list(unit: 8) { (reader) throws(DecodingFault) in try reader.node() }
            let size = try u64()
            let refs = try list(unit: 28) { (reader) throws(DecodingFault) in try reader.object() }
            return .stored(nodes: nodes, size: size, refs: refs, origins: try origins(of: refs))
        case 2: return .failed(try errorRecord())
        default: throw DecodingFault("unknown state of an object", at: offset - 1)
        }
    }

    public mutating func moved() throws(DecodingFault) -> MovedObject {
        MovedObject(id: try object(), lineage: try lineage(), state: try state())
    }
}
