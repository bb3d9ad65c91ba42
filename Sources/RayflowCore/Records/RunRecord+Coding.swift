extension RunRecord {
    public var bytes: [UInt8] {
        var w = ByteWriter(reserving: 96)
        write(to: &w)
        return w.bytes
    }

    private func write(to w: inout ByteWriter) {
        switch self {
        case .header(let value):
            w.u8(1)
            w.header(value)
        case .submitted(let value):
            w.u8(2)
            w.lineage(value.lineage)
            w.lineage(value.parent)
            w.u8(value.kind.rawValue)
            w.string(value.name)
            w.u64(value.wallNS)
        case .started(let lineage, let attempt, let wallNS):
            w.u8(3)
            w.lineage(lineage)
            w.attempt(attempt)
            w.u64(wallNS)
        case .finished(let value):
            w.u8(4)
            w.finished(value)
        case .failed(let lineage, let attempt, let error, let wallNS):
            w.u8(5)
            w.lineage(lineage)
            w.attempt(attempt)
            w.errorRecord(error)
            w.u64(wallNS)
        case .decision(let value):
            w.u8(6)
            w.lineage(value.parent)
            w.u8(value.kind.rawValue)
            w.digest(value.question)
            w.u32(value.ordinal)
            w.blob(value.answer)
        case .actorCreated(let lineage, let actor, let typeName, let name):
            w.u8(7)
            w.lineage(lineage)
            w.actor(actor)
            w.string(typeName)
            w.string(name)
        case .actorCall(let actor, let call):
            w.u8(8)
            w.lineage(actor)
            w.loggedCall(call)
        case .step(let position, let json, let wallNS):
            w.u8(9)
            w.string(position)
            w.string(json)
            w.u64(wallNS)
        case .end(let value):
            w.u8(10)
            w.u8(value.result.rawValue)
            w.u8(value.exitCode)
            w.string(value.outputs)
            w.string(value.message)
            w.u64(value.wallNS)
        }
    }

    public init(_ bytes: [UInt8]) throws(DecodingFault) {
        var r = ByteReader(bytes)
        switch try r.u8() {
        case 1: self = .header(try r.header())
        case 2:
            let lineage = try r.lineage(), parent = try r.lineage()
            guard let kind = TaskKind(rawValue: try r.u8()) else { throw DecodingFault("unknown kind of task", at: r.offset - 1) }
            self = .submitted(SubmittedRecord(lineage: lineage, parent: parent, kind: kind, name: try r.string(), wallNS: try r.u64()))
        case 3: self = .started(lineage: try r.lineage(), attempt: try r.attempt(), wallNS: try r.u64())
        case 4: self = .finished(try r.finished())
        case 5: self = .failed(lineage: try r.lineage(), attempt: try r.attempt(), error: try r.errorRecord(), wallNS: try r.u64())
        case 6:
            let parent = try r.lineage()
            guard let kind = DecisionRecord.Kind(rawValue: try r.u8()) else { throw DecodingFault("unknown decision", at: r.offset - 1) }
            self = .decision(
                DecisionRecord(parent: parent, kind: kind, question: try r.digest(), ordinal: try r.u32(), answer: try r.blob()))
        case 7:
            self = .actorCreated(lineage: try r.lineage(), actor: try r.actor(), typeName: try r.string(), name: try r.string())
        case 8: self = .actorCall(actor: try r.lineage(), call: try r.loggedCall())
        case 9: self = .step(position: try r.string(), json: try r.string(), wallNS: try r.u64())
        case 10:
            guard let result = EndRecord.Result(rawValue: try r.u8()) else { throw DecodingFault("unknown result", at: r.offset - 1) }
            self = .end(
                EndRecord(
                    result: result, exitCode: try r.u8(), outputs: try r.string(), message: try r.string(), wallNS: try r.u64()))
        default: throw DecodingFault("unknown kind of record", at: 0)
        }
        try r.finish()
    }
}

extension ByteWriter {
    fileprivate mutating func header(_ value: RunHeader) {
        string(value.runID)
        u32(value.epoch)
        list(value.arguments) { $0.string($1) }
        string(value.workingFolder)
        string(value.workflowPath)
        string(value.workflowName)
        string(value.workflowText)
        string(value.inputs)
        u64(value.startedWallNS)
        u64(value.seed)
    }

    fileprivate mutating func finished(_ value: FinishedRecord) {
        lineage(value.lineage)
        attempt(value.attempt)
        function(value.function)
        blob(value.fingerprint)
        list(value.results) { $0.recorded($1) }
        list(value.moved) { writer, object in
            writer.object(object.id)
            writer.lineage(object.lineage)
            writer.recorded(object.state)
        }
        u64(value.executionNS)
        u64(value.wallNS)
    }

    fileprivate mutating func recorded(_ value: RecordedState) {
        switch value {
        case .inline(let payload):
            u8(0)
            self.payload(payload)
        case .persisted(let file, let size, let digest, let refs):
            u8(1)
            string(file)
            u64(size)
            self.digest(digest)
            list(refs) { $0.object($1) }
        }
    }
}

extension ByteReader {
    fileprivate mutating func header() throws(DecodingFault) -> RunHeader {
        RunHeader(
            runID: try string(), epoch: try u32(), arguments: try list(unit: 4) { (reader) throws(DecodingFault) in try reader.string() },
            workingFolder: try string(), workflowPath: try string(), workflowName: try string(), workflowText: try string(),
            inputs: try string(), startedWallNS: try u64(), seed: try u64())
    }

    fileprivate mutating func finished() throws(DecodingFault) -> FinishedRecord {
        FinishedRecord(
            lineage: try lineage(), attempt: try attempt(), function: try function(), fingerprint: try blob(),
            results: try list { (reader) throws(DecodingFault) in try reader.recorded() },
            moved: try list(unit: 44) { (reader) throws(DecodingFault) in
                RecordedObject(id: try reader.object(), lineage: try reader.lineage(), state: try reader.recorded())
            }, executionNS: try u64(), wallNS: try u64())
    }

    fileprivate mutating func recorded() throws(DecodingFault) -> RecordedState {
        switch try u8() {
        case 0: return .inline(try payload())
        case 1:
            return .persisted(
                file: try string(), size: try u64(), digest: try digest(),
                refs: try list(unit: 28) { (reader) throws(DecodingFault) in try reader.object() })
        default: throw DecodingFault("unknown form of a recorded result", at: offset - 1)
        }
    }
}
