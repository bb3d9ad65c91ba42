import Rayflow
import RayflowCore
import Testing

@Suite("References and buffers")
struct ReferenceTests {
    let ray: Cluster
    let engine: InProcessEngine

    init() throws { (ray, engine) = try InProcessEngine.start(Tasks.registry) }

    @Test("the last copy of a ref gives its count back, on whatever thread")
    func counts() async throws {
        var ref: ObjectRef<Int>? = try ray.put(1)
        let id = try #require(ref?.id)
        #expect(engine.count(of: id) == 1)
        let copy = ref
        ref = nil
        #expect(engine.count(of: id) == 1)
        await Task.detached { [copy] in #expect(copy?.id == id) }.value
        withExtendedLifetime(copy) {}
    }

    @Test("refs and handles inside values are counted while decoded values hold them")
    func nestedCounts() async throws {
        let inner = try ray.put(1)
        do {
            let outer = try ray.put([inner, inner])
            do {
                let refs = try await outer.get()
                #expect(refs == [inner, inner] && engine.count(of: inner.id) == 3)
                withExtendedLifetime(refs) {}
            }
            #expect(engine.count(of: inner.id) == 1)
            withExtendedLifetime(outer) {}
        }
        try await ray.run { () async throws in
            let counter = Counter.start.remote(1)
            let boxed = try ray.put([counter])
            let again = try await boxed.get()
            #expect(again == [counter] && engine.count(of: ObjectID(handleOf: counter.id)) == 2)
            withExtendedLifetime(again) {}
        }
    }

    @Test("a dropped call keeps no count")
    func droppedCall() async throws {
        let id = ray.runSync { Tasks.square.on(ray).remote(2).id }
        #expect(engine.count(of: id) == 0)
    }

    @Test("an array is read in place as a buffer, and a buffer as an array")
    func views() async throws {
        try await ray.run { () async throws in
            let array = try ray.put([Float](repeating: 2, count: 1000))
            #expect(try await Tasks.norm.remote(array.view()).get() == 4000)
            let buffer = try await array.view().get()
            #expect(buffer.count == 1000 && buffer[999] == 2 && buffer.reduce(0, +) == 2000)
            #expect(buffer.withSpan { Int(bitPattern: $0.withUnsafeBufferPointer { $0.baseAddress }) % 64 } == 0)
            guard case .mapped(let object)? = engine.ready(array.id) else { return #expect(Bool(false), "not mapped") }
            #expect(buffer.withSpan { span in span.withUnsafeBytes { $0.baseAddress == object.body.baseAddress?.advanced(by: 8) } })
            let made = try await Tasks.ones.remote(500).view().get()
            #expect(made.span[499] == 1)
        }
    }

    @Test("put writes in place; what was not initialised is not part of the object")
    func inPlace() async throws {
        let made = ray.put(Float.self, count: 1000) { out in while out.count < 600 { out.append(Float(out.count & 1)) } }
        let buffer = try await made.get()
        #expect(buffer.count == 600 && buffer.span[1] == 1)
        #expect(try await ray.run { try await Tasks.norm.remote(made).get() } == 300)
        let none = ray.put(Int.self, count: 0) { _ in }
        #expect(try await none.get().isEmpty)
    }

    @Test("a fill that throws makes no object; a full store makes a ref that fails")
    func failedFill() async throws {
        #expect(throws: Plain.self) { try ray.put(Int.self, count: 4) { (_) throws(Plain) in throw Plain() } }
        let (small, _) = try InProcessEngine.start(Registry(), capacity: 100)
        for ref in [small.put(Int.self, count: 1000) { _ in }, small.put(Int.self, count: -1) { _ in }] {
            guard case .failure(let error) = await ref.outcome() else { return #expect(Bool(false)) }
            #expect(error.code == .objectStoreFull || error.code == .invalidArgument)
        }
        #expect(throws: RayflowError.self) { try small.put([Int](repeating: 0, count: 100_000)) }
    }

    @Test("large arrays are put with one copy, and read back whole")
    func bulk() async throws {
        let values = (0..<100_000).map { Double($0) }
        let ref = try ray.put(values)
        #expect(try await ref.get() == values)
        #expect(try await ref.view().get().elementsEqual(values))
        let again = try ray.put(try await ref.view().get())
        #expect(try await again.get().count == values.count)
    }

    @Test("a buffer outlives its ref and its cluster's copy of the object")
    func pinned() async throws {
        var buffer: RemoteBuffer<Int>?
        do {
            let ref = try ray.put((0..<10_000).map { $0 })
            buffer = try await ref.view().get()
            engine.forget(ref.id)
        }
        #expect(buffer?.last == 9999)
    }
}

extension Cluster {
    /// For calls whose refs must be gone when they return.
    func runSync<R>(_ body: () -> R) -> R { body() }
}
