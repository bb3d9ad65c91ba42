import Rayflow
import RayflowCore
import Testing

@Suite("Corrupt bytes")
struct CorruptValueTests {
    /// Reads `payload` with every byte cut off and, one at a time, changed: each read gives a value or an error, never a trap.
    private func torture<T: RemoteValue>(_ value: T, in cluster: Cluster? = nil, line: Int = #line) throws {
        let payload = try Payload(encoding: value)
        for length in 0..<payload.bytes.count {
            var cut = payload
            cut.bytes.removeLast(payload.bytes.count - length)
            #expect(throws: RayflowError.self) { try cut.decode(T.self, in: cluster) }
        }
        var longer = payload
        longer.bytes.append(0)
        #expect(throws: RayflowError.self) { try longer.decode(T.self, in: cluster) }
        for index in payload.bytes.indices {
            for byte in [0, 1, 0x7F, 0x80, 0xFF] as [UInt8] {
                var changed = payload
                changed.bytes[index] = byte
                _ = try? changed.decode(T.self, in: cluster)
            }
        }
    }

    @Test("cut and changed bytes never trap")
    func torture() throws {
        try torture([1, 2, 3])
        try torture("text")
        try torture([true, false])
        try torture(["a": [Set([1]), []]])
        try torture([Optional(1), nil])
        try torture(Point(x: 1, y: 2))
        try torture(Pair(first: Shape.rect(w: 1, h: 2), second: [Color.red]))
        try torture(ValueTests.Scalars())
        try torture(JSON.array([1, "x"]))
        try torture(RemoteFile("x"))
        let (ray, _) = try InProcessEngine.start(Registry())
        try torture(Tree(left: try ray.put(1), kids: [], info: .init(text: "x", numbers: ["k": [1]])), in: ray)
    }

    @Test("counts and places are not trusted")
    func counts() throws {
        func read<T: RemoteValue>(_: T.Type, _ bytes: [UInt8]) throws -> T {
            try Payload(type: T._typeTag, bytes: bytes).decode(T.self, in: nil)
        }
        let huge: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]
        #expect(throws: RayflowError.self) { try read([Int].self, huge) }
        #expect(throws: RayflowError.self) { try read([Done].self, huge + [0]) }
        #expect(throws: RayflowError.self) { try read(String.self, huge) }
        #expect(throws: RayflowError.self) { try read([Int: Int].self, huge) }
        #expect(throws: RayflowError.self) { try read(RemoteBuffer<Int>.self, [0, 0, 0, 0, 0, 0, 0, 0x10]) }
        #expect(throws: RayflowError.self) { try read(Bool.self, [2]) }
        #expect(throws: RayflowError.self) { try read([Bool].self, [1, 0, 0, 0, 0, 0, 0, 0, 2]) }
        #expect(throws: RayflowError.self) { try read(String.self, [1, 0, 0, 0, 0, 0, 0, 0, 0xFF]) }
        #expect(throws: RayflowError.self) { try read(Set<UInt8>.self, [2, 0, 0, 0, 0, 0, 0, 0, 1, 1]) }
    }

    @Test("a ref beyond the list, a handle that is a ref, and a ref without a cluster are faults")
    func refs() throws {
        let (ray, _) = try InProcessEngine.start(Registry())
        var payload = try Payload(encoding: [try ray.put(1)])
        #expect(throws: RayflowError.self) { try payload.decode([ObjectRef<Int>].self, in: nil) }
        payload.type = [ActorHandle<Counter>]._typeTag
        #expect(throws: RayflowError.self) { try payload.decode([ActorHandle<Counter>].self, in: ray) }
        payload.type = [ObjectRef<Int>]._typeTag
        payload.refs = []
        #expect(throws: RayflowError.self) { try payload.decode([ObjectRef<Int>].self, in: ray) }
        #expect(throws: RayflowError.self) { try JSONValueEncoder.json(try ray.put(1)) }
    }
}
