import EngineTestRemotes
import Rayflow
import Testing

/// Behaviours of Ray that concern `get` and `wait`, by their numbers in the reference.
extension EngineTests {
    @Suite("Ray's semantics: get and wait", .serialized)
    struct ReadingSemanticsTests {
        @Test("2: a list with repeated refs gives the values in the order asked for, repeats included")
        func repeats() async throws {
            try await withCluster { ray, _ in
                let refs = try (0..<10).map { try ray.put($0) }
                let order = [3, 1, 3, 9, 0, 0]
                #expect(try await ray.get(order.map { refs[$0] }) == order)
            }
        }

        @Test("3: a get that runs out of time says so, and a later one succeeds")
        func timeout() async throws {
            try await withCluster { _, _ in
                let scratch = Scratch()
                let slow = Effects.slow.remote(scratch.file("gate"), 7)
                await #expect { try await slow.get(timeout: .milliseconds(100)) } throws: { ($0 as? RayflowError)?.code == .getTimeout }
                try appendLine("", to: scratch.file("gate"))
                #expect(try await slow.get() == 7)
            }
        }

        @Test("5: a wait for two of which one is in time gives one ready and one remaining, and no error")
        func partial() async throws {
            try await withCluster { ray, _ in
                let scratch = Scratch()
                let quick = Tasks.square.remote(2), slow = Effects.slow.remote(scratch.file("gate"), 7)
                _ = try await quick.get()
                let (ready, rest) = try await ray.wait([slow, quick], count: 2, timeout: .milliseconds(100))
                #expect(ready == [quick] && rest == [slow])
                try appendLine("", to: scratch.file("gate"))
                #expect(try await slow.get() == 7)
            }
        }

        @Test("a ref given twice to wait is refused, and a wait for nothing gives two empty lists")
        func duplicates() async throws {
            try await withCluster { ray, _ in
                let ref = try ray.put(1)
                await #expect { _ = try await ray.wait([ref, ref]) } throws: { ($0 as? RayflowError)?.code == .invalidArgument }
                let (ready, rest) = try await ray.wait([ObjectRef<Int>]())
                #expect(ready.isEmpty && rest.isEmpty)
            }
        }

        @Test("a get of a list throws a failure at once, without waiting for what is slow")
        func failsFast() async throws {
            try await withCluster { ray, _ in
                let scratch = Scratch()
                let slow = Effects.slow.remote(scratch.file("gate"), 7), failed = Tasks.overdraw.remote(5)
                await #expect(throws: Overdrawn(missing: 5)) { try await ray.get([slow, failed]) }
                await #expect(throws: Overdrawn(missing: 5)) { try await ray.get(slow, failed) }
                try appendLine("", to: scratch.file("gate"))
                #expect(try await slow.get() == 7)
            }
        }

        @Test("a loop that takes one ready ref after the other sees each of a thousand once")
        func loop() async throws {
            try await withCluster { ray, _ in
                var rest = (0..<1_000).map { Tasks.square.remote($0) }
                var seen: Set<ObjectRef<Int>> = []
                while !rest.isEmpty {
                    let (ready, left) = try await ray.wait(rest)
                    #expect(ready.count == 1 && seen.insert(ready[0]).inserted)
                    rest = left
                }
                #expect(seen.count == 1_000)
            }
        }
    }
}
