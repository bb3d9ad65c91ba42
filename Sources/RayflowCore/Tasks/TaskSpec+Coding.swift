extension ByteWriter {
    public mutating func origin(_ value: RefOrigin) {
        address(value.owner)
        lineage(value.lineage)
    }

    public mutating func enclosed(_ value: EnclosedPayload) {
        payload(value.payload)
        list(value.origins) { $0.origin($1) }
    }

    public mutating func argument(_ value: TaskArgument) {
        switch value {
        case .value(let enclosed):
            u8(0)
            self.enclosed(enclosed)
        case .ref(let id, let owner):
            u8(1)
            object(id)
            address(owner)
        case .gather(let parts):
            u8(2)
            list(parts) { $0.argument($1) }
        }
    }

    public mutating func function(_ value: FunctionReference) {
        u32(value.index)
        string(value.name)
        u32(value.version)
    }

    public mutating func options(_ value: SpecOptions) {
        resources(value.resources)
        u32(UInt32(bitPattern: value.maxRetries))
        switch value.retryRule {
        case .systemFailuresOnly: u8(0)
        case .anyError: u8(1)
        case .types(let tags):
            u8(2)
            list(tags) { $0.string($1) }
        }
        u64(value.timeoutMS)
        u32(UInt32(bitPattern: value.priority))
        string(value.name)
        environment(value.environment)
        bool(value.hasSideEffects)
        list(value.groups) { writer, group in
            writer.string(group.name)
            writer.u32(group.limit)
        }
        u32(value.streamWindow)
        bool(value.isSpread)
        strategy(value.strategy)
    }

    public mutating func actorOptions(_ value: ActorSpecOptions) {
        string(value.name)
        string(value.namespace)
        string(value.typeName)
        u32(UInt32(bitPattern: value.maxRestarts))
        u32(UInt32(bitPattern: value.maxTaskRetries))
        u32(value.maxConcurrency)
        bool(value.getIfExists)
        u32(UInt32(bitPattern: value.maxPendingCalls))
        bool(value.isDetached)
    }

    public mutating func spec(_ value: TaskSpec) {
        task(value.id)
        attempt(value.attempt)
        lineage(value.lineage)
        u8(value.kind.rawValue)
        function(value.function)
        address(value.owner)
        list(value.arguments) { $0.argument($1) }
        u32(value.resultCount)
        sharedOptions(value.sharedOptions)
        u64(value.sequence)
    }
}

extension ByteReader {
    /// Lists of lists of refs occur; more nesting than this is no argument that an encoder makes.
    private static let deepestArgument = 8

    public mutating func enclosed() throws(DecodingFault) -> EnclosedPayload {
        let payload = try payload()
        return EnclosedPayload(payload, origins: try origins(of: payload.refs))
    }

    public mutating func origins(of refs: [ObjectID]) throws(DecodingFault) -> [RefOrigin] {
        let origins = try list(unit: 32) { (reader) throws(DecodingFault) in
            RefOrigin(owner: try reader.address(), lineage: try reader.lineage())
        }
        guard origins.count == refs.count else { throw DecodingFault("\(origins.count) origins of \(refs.count) refs", at: offset) }
        return origins
    }

    public mutating func argument(depth: Int = 0) throws(DecodingFault) -> TaskArgument {
        guard depth < Self.deepestArgument else { throw DecodingFault("arguments nested too deep", at: offset) }
        switch try u8() {
        case 0: return .value(try enclosed())
        case 1: return .ref(try object(), owner: try address())
        case 2: return .gather(try list(unit: 2) { (reader) throws(DecodingFault) in try reader.argument(depth: depth + 1) })
        default: throw DecodingFault("unknown form of argument", at: offset - 1)
        }
    }

    public mutating func function() throws(DecodingFault) -> FunctionReference {
        FunctionReference(index: try u32(), name: try string(), version: try u32())
    }

    public mutating func options() throws(DecodingFault) -> SpecOptions {
        var value = SpecOptions()
        value.resources = try resources()
        value.maxRetries = Int32(bitPattern: try u32())
        switch try u8() {
        case 0: value.retryRule = .systemFailuresOnly
        case 1: value.retryRule = .anyError
        case 2: value.retryRule = .types(try list(unit: 4) { (reader) throws(DecodingFault) in try reader.string() })
        default: throw DecodingFault("unknown retry rule", at: offset - 1)
        }
        value.timeoutMS = try u64()
        value.priority = Int32(bitPattern: try u32())
        value.name = try string()
        value.environment = try environment()
        value.hasSideEffects = try bool()
        value.groups = try list(unit: 8) { (reader) throws(DecodingFault) in CallGroup(name: try reader.string(), limit: try reader.u32()) }
        value.streamWindow = try u32()
        value.isSpread = try bool()
        value.strategy = try strategy()
        return value
    }

    public mutating func actorOptions() throws(DecodingFault) -> ActorSpecOptions {
        var value = ActorSpecOptions()
        value.name = try string()
        value.namespace = try string()
        value.typeName = try string()
        value.maxRestarts = Int32(bitPattern: try u32())
        value.maxTaskRetries = Int32(bitPattern: try u32())
        value.maxConcurrency = try u32()
        value.getIfExists = try bool()
        value.maxPendingCalls = Int32(bitPattern: try u32())
        value.isDetached = try bool()
        return value
    }

    public mutating func spec() throws(DecodingFault) -> TaskSpec {
        let id = try task()
        let attempt = try attempt()
        let lineage = try lineage()
        guard let kind = TaskKind(rawValue: try u8()) else { throw DecodingFault("unknown kind of task", at: offset - 1) }
        let function = try function()
        let owner = try address()
        let arguments = try list(unit: 2) { (reader) throws(DecodingFault) in try reader.argument() }
        return TaskSpec(
            id: id, attempt: attempt, lineage: lineage, kind: kind, function: function, owner: owner, arguments: arguments,
            resultCount: try u32(), options: try sharedOptions(), sequence: try u64())
    }
}
