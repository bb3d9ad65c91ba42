import EngineTestRemotes
import Rayflow
import Testing

/// Behaviours of Ray that concern `get` and `wait`, by their numbers in the reference.
extension EngineTests {
    @Suite("Ray's semantics: get and wait", .serialized)
    struct ReadingSemanticsTests {
        @Test("1: every kind of value, passed through a task and put, is equal afterwards and of the same type")
        func roundTrips() async throws {
            try await withCluster { ray, _ in
                func check<T: RemoteValue & Equatable>(_ echo: RemoteFunction<T, Single<T>>, _ values: T...) async throws
                where T.Resolved == T {
                    for value in values {
                        let put = try ray.put(value)
                        let direct = try await echo.remote(value).get(), byRef = try await echo.remote(put).get()
                        let read = try await put.get()
                        #expect(direct == value && byRef == value && read == value)
                    }
                }
                try await check(Echoes.bool, true, false)
                try await check(Echoes.int, 0, -1, .min, .max)
                try await check(Echoes.int8, .min, .max)
                try await check(Echoes.int32, .min, .max)
                try await check(Echoes.uint8, 0, .max)
                try await check(Echoes.uint64, 0, .max)
                try await check(Echoes.float, 0, -.infinity, .leastNonzeroMagnitude, 1.5)
                try await check(Echoes.double, 0, .infinity, .leastNonzeroMagnitude, .pi)
                try await check(Echoes.string, "", "a\0b", "naïve 🚲 العربية", String(repeating: "x", count: 300_000))
                try await check(Echoes.optional, nil, 7)
                try await check(Echoes.bytes, [], [0, 255], [UInt8](repeating: 9, count: 300_000))
                try await check(Echoes.nested, [], [[]], [["a", nil], [], [nil]])
                try await check(Echoes.table, [:], ["a": [1: [1.5], -1: []], "": [:]])
                try await check(Echoes.set, [], ["a", "b", ""])
                try await check(Echoes.json, .null, ["a": [1, 2.5, "x", nil, true]])
                let parcel = Parcel(.large, names: ["n": [1, nil]], weights: [0.5, 2], inner: [Parcel(.small), Parcel(.large)])
                try await check(Echoes.parcel, Parcel(.small), parcel)
                try await check(Echoes.parcels, [:], ["x": [parcel, Parcel(.small)], "y": []])
                let seven = try ray.put(7)
                let wrong = ObjectRef<String>(RefBox(retaining: seven.id, in: ray))
                await #expect { try await wrong.get() } throws: { ($0 as? RayflowError)?.code == .typeMismatch }
            }
        }

        @Test("a callback has what became of the object, once, whether it was ready or not, and a failure as well")
        func callbacks() async throws {
            try await withCluster { ray, _ in
                let scratch = Scratch()
                func outcome<T>(_ ref: ObjectRef<T>) async -> Outcome<T> {
                    await withCheckedContinuation { continuation in ref.onReady { continuation.resume(returning: $0) } }
                }
                guard case .success(5) = await outcome(try ray.put(5)) else { return #expect(Bool(false), "not 5") }
                let slow = Effects.slow.remote(scratch.file("gate"), 7)
                async let later = outcome(slow)
                try appendLine("", to: scratch.file("gate"))
                guard case .success(7) = await later else { return #expect(Bool(false), "not 7") }
                guard case .success(let large) = await outcome(Tasks.make.remote(300_000)) else { return #expect(Bool(false), "no array") }
                #expect(large.count == 300_000)
                guard case .failure(let error) = await outcome(Tasks.overdraw.remote(3)) else { return #expect(Bool(false), "no error") }
                #expect(error.cause as? Overdrawn == Overdrawn(missing: 3))
            }
        }

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

        @Test("a ref given twice to wait is refused, and more refs than there are; a wait for nothing gives two empty lists")
        func duplicates() async throws {
            try await withCluster { ray, _ in
                let ref = try ray.put(1)
                await #expect { _ = try await ray.wait([ref, ref]) } throws: { ($0 as? RayflowError)?.code == .invalidArgument }
                for count in [-1, 0, 2] {
                    await #expect { _ = try await ray.wait([ref], count: count) } throws: {
                        ($0 as? RayflowError)?.code == .invalidArgument
                    }
                }
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
