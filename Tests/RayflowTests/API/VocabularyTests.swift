import Rayflow
import RayflowCore
import Testing

@Suite("Payloads, errors, digests and layouts")
struct VocabularyTests {
    private let object = ObjectID(task: TaskID(unique: 1, actor: ActorID(unique: 2, salt: 3, job: JobID(4))), index: 5)

    @Test("payloads and error records come back from their wire form")
    func wire() throws {
        let payload = Payload(form: .json, type: "T", bytes: [1, 2, 3], refs: [object, object])
        let full = ErrorRecord(
            .workerCrashed, "m", task: "t", attempt: 2, node: "n", remoteType: "R", log: "l", typed: payload, chain: "c")
        var writer = ByteWriter()
        writer.payload(payload)
        writer.errorRecord(full)
        writer.errorRecord(ErrorRecord(RayflowError.Code(rawValue: "new"), ""))
        var reader = ByteReader(writer.bytes)
        #expect(try reader.payload() == payload)
        #expect(try reader.errorRecord() == full)
        #expect(try reader.errorRecord() == ErrorRecord(RayflowError.Code(rawValue: "new"), ""))
        try reader.finish()
        for length in 0..<writer.bytes.count {
            var cut = ByteReader(writer.bytes[..<length])
            #expect(throws: DecodingFault.self) {
                _ = try cut.payload()
                _ = try cut.errorRecord()
                _ = try cut.errorRecord()
            }
        }
    }

    @Test("an error says what, where, and how often")
    func description() {
        let error = RayflowError(.taskFailed, "no", task: "f", attempt: 2, node: "a1", remoteType: "M.E", log: "/x")
        #expect(error.description == "taskFailed: no [task f, attempt 2; node a1; M.E; log /x]")
        #expect(RayflowError(.noCluster, "none").description == "noCluster: none")
    }

    @Test("the digest is MurmurHash3 x64 128, however the bytes are cut")
    func digest() {
        #expect(Digest128(of: Array("hello".utf8)).description == "cbd8a7b341bd9b025b1e906a48ae1d19")
        #expect(Digest128(of: Array("The quick brown fox jumps over the lazy dog".utf8)).description == "e34bbc7bbc071b6c7a433ca9c49a9347")
        #expect(Digest128(of: []).description == "00000000000000000000000000000000")
        let bytes = (0..<257).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let whole = Digest128(of: bytes)
        for size in [1, 2, 3, 7, 15, 16, 17, 31, 33, 100] {
            var hasher = Digest128Hasher()
            for start in stride(from: 0, to: bytes.count, by: size) { hasher.update(Array(bytes[start..<min(start + size, bytes.count)])) }
            #expect(hasher.digest == whole)
        }
        #expect(Set((0..<257).map { Digest128(of: Array(bytes[..<$0])) }).count == 257)
    }

    @Test("objects lie so that the elements of arrays are aligned", arguments: [0, 1, 7, 60, 200])
    func layout(_ typeLength: Int) throws {
        for refCount in [0, 1, 5] {
            let type = String(repeating: "t", count: typeLength)
            let payload = Payload(type: type, bytes: (0..<100).map { UInt8($0) }, refs: Array(repeating: object, count: refCount))
            let layout = ObjectLayout(payload)
            #expect((layout.bodyOffset + 8) % ObjectLayout.alignment == 0 && layout.byteCount == layout.bodyOffset + 100)
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: layout.byteCount + 50, alignment: ObjectLayout.alignment)
            defer { memory.deallocate() }
            memory.initializeMemory(as: UInt8.self, repeating: 0xAA)
            ObjectLayout.write(payload, into: memory)
            #expect(try ObjectLayout.parse(UnsafeRawBufferPointer(memory)) == layout)
            #expect(try ObjectLayout.payload(of: UnsafeRawBufferPointer(memory)) == payload)
            for length in 0..<layout.byteCount {
                #expect(throws: DecodingFault.self) { try ObjectLayout.parse(UnsafeRawBufferPointer(rebasing: memory[..<length])) }
            }
            for index in 0..<layout.bodyOffset {
                let old = memory[index]
                for byte in [0, 0x7F, 0xFF] as [UInt8] {
                    memory[index] = byte
                    _ = try? ObjectLayout.payload(of: UnsafeRawBufferPointer(memory))
                }
                memory[index] = old
            }
        }
    }

    @Test("handles are objects that no task makes")
    func handles() {
        let actor = ActorID(unique: 2, salt: 3, job: JobID(4))
        #expect(ObjectID(handleOf: actor).handledActor == actor)
        #expect(object.handledActor == nil)
        #expect(ObjectID(task: TaskID(unique: 0, actor: .none(in: JobID(1))), index: 0).handledActor == nil)
    }

    @Test("sizes are written with their largest whole unit")
    func sizes() {
        #expect(ByteCount.mebibytes(256).description == "256 MiB" && ByteCount.bytes(1500).description == "1500 B")
        #expect(ByteCount.gibibytes(.max).bytes == .max && ByteCount.gibibytes(.min).bytes == .min)
    }

    @Test("options become resources and the part that travels")
    func options() throws {
        let function = Tasks.square.options(
            cpus: 0.5, memory: .mebibytes(1), resources: ["disk": 2], maxRetries: -1, retryErrors: .types(Overdrawn.self),
            timeout: .milliseconds(1500),
            priority: 3, environment: ["A": "b"])
        let spec = try function.spec()
        #expect(spec.resources[ResourceSet.cpu] == 5000 && spec.resources["disk"] == 20_000)
        #expect(
            spec.maxRetries == -1 && spec.timeoutMS == 1500 && spec.priority == 3 && spec.retryRule == .types(["RayflowTests.Overdrawn"]))
        #expect(throws: RayflowError.self) { try Tasks.square.options(cpus: -1).spec() }
        #expect(throws: RayflowError.self) { try Tasks.square.options(resources: ["CPU": 1]).spec() }
        #expect(throws: RayflowError.self) { try Tasks.square.options(timeout: .zero).spec() }
        #expect(try Tasks.square.options(timeout: .nanoseconds(1)).spec().timeoutMS == 1)
    }
}

extension RemoteFunction {
    /// What the engine makes of this function's options.
    fileprivate func spec() throws -> SpecOptions { try taskOptions.spec() }
}
