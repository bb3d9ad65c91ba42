import EngineTestRemotes
import Ownership
import Rayflow
import RayflowCore
import Testing

extension EngineTests {
    @Suite("Streams")
    struct StreamTests {
        @Test("items arrive while the task runs, in order, and the stream ends; so does a sequence that a body returns")
        func items() async throws {
            try await withCluster { _, _ in
                var values: [Int] = []
                for try await item in Streams.count.remote(100) { values.append(try await item.get()) }
                #expect(values == Array(0..<100))
                values = []
                for try await item in Streams.sequence.remote(5) { values.append(try await item.get()) }
                #expect(values == Array(0..<5))
                for try await _ in Streams.count.remote(0) { Issue.record("an item of none") }
                #expect(try await Streams.count.local(3) == [0, 1, 2])
            }
        }

        @Test("67: an error after two items: two values, the error once in its own type, and then the end for ever")
        func error() async throws {
            try await withCluster { _, _ in
                var items = Streams.breaks.remote(2).makeAsyncIterator()
                let value1 = try await items.next()?.get()
                #expect(value1 == 0)
                let value2 = try await items.next()?.get()
                #expect(value2 == 1)
                await #expect(throws: Overdrawn(missing: 2)) { try await items.next() }
                for _ in 0..<3 {
                    let value3 = try await items.next()
                    #expect(value3 == nil)
                }
            }
        }

        @Test("67: the producer waits while its consumer is a window behind, also with one CPU for both")
        func window() async throws {
            let scratch = Scratch()
            try await withCluster(cpus: 1) { _, _ in
                let path = scratch.file("sent")
                var items = Streams.told.options(window: 2).remote(50, path).makeAsyncIterator()
                for taken in 0..<50 {
                    guard let item = try await items.next() else { break }
                    #expect(try await Tasks.square.remote(item).get() == taken * taken)
                    #expect(scratch.lines("sent").filter { $0 != "end" }.count <= taken + 1 + 2)
                }
                let value4 = try await items.next()
                #expect(value4 == nil)
                #expect(scratch.lines("sent").last == "end")
            }
        }

        @Test("67: an item is freed with its last ref while the task still runs")
        func freed() async throws {
            try await withCluster { _, embedded in
                var items = Streams.large.options(window: 2).remote(30).makeAsyncIterator()
                var most = 0
                while let item = try await items.next() {
                    #expect(try await item.get().count == 100_000)
                    most = max(most, embedded.core.step { owner, _ in owner.objectCount })
                }
                // The end, the item that comes next, the window, and the one in the hand.
                #expect(most <= 6)
            }
        }

        @Test("67: a cancelled stream throws cancelled, then stays ended")
        func cancelled() async throws {
            let scratch = Scratch()
            try await withCluster { ray, _ in
                let stream = Streams.told.options(window: 1).remote(1_000, scratch.file("sent"))
                var items = stream.makeAsyncIterator()
                let value5 = try await items.next()?.get()
                #expect(value5 == 0)
                try await ray.cancel(stream)
                var rest = 0
                let code = await code { while try await items.next() != nil { rest += 1 } }
                #expect(code == .cancelled && rest <= 2)
                let value6 = try await items.next()
                #expect(value6 == nil)
            }
        }

        @Test("a stream that is let go frees its items, and the producer's next send says that nobody reads")
        func dropped() async throws {
            let scratch = Scratch()
            try await withCluster { _, embedded in
                do {
                    var items = Streams.told.options(window: 1).remote(1_000, scratch.file("sent")).makeAsyncIterator()
                    let value7 = try await items.next()?.get()
                    #expect(value7 == 0)
                }
                while scratch.lines("sent").last != "cancelled" { try await Task.sleep(for: .milliseconds(2)) }
                #expect(try await Tasks.square.remote(3).get() == 9)
                while embedded.core.step({ owner, _ in owner.pendingTasks }) > 0 { try await Task.sleep(for: .milliseconds(2)) }
                #expect(embedded.core.step { owner, _ in owner.objectCount } == 0)
            }
        }

        @Test("69: a producer that crashes runs again, and nothing is delivered twice nor left behind")
        func crash() async throws {
            try await withCluster { _, embedded in
                for _ in 0..<5 {
                    var values: [Int] = []
                    for try await item in Streams.dies.options(window: 1).remote(4, 10) { values.append(try await item.get()) }
                    #expect(values == Array(0..<10))
                }
                #expect(embedded.core.step { owner, _ in owner.objectCount } == 0)
            }
        }

        @Test("a producer that gives less when it runs again is a typed error")
        func shorter() async throws {
            try await withCluster { _, _ in
                var values: [Int] = []
                let code = await code {
                    for try await item in Streams.dies.options(window: 1).remote(4, 2) { values.append(try await item.get()) }
                }
                #expect(code == .streamNotDeterministic)
                #expect(values.prefix(4) == [0, 1, 2, 3])
            }
        }

        @Test("without retries the crash of a producer ends the stream after its good items")
        func crashWithoutRetries() async throws {
            try await withCluster { _, _ in
                var values: [Int] = []
                let code = await code {
                    for try await item in Streams.dies.options(maxRetries: 0).options(window: 1).remote(3, 10) {
                        values.append(try await item.get())
                    }
                }
                #expect(code == .workerCrashed)
                #expect(values.prefix(3) == [0, 1, 2])
            }
        }

        @Test("refs among the items are the consumer's")
        func refs() async throws {
            try await withCluster { _, _ in
                var values: [Int] = []
                for try await item in Streams.refs.remote(20) { values.append(try await item.get().get()) }
                #expect(values == (0..<20).map { $0 * $0 })
            }
        }

        @Test("a window that is none, and a function that is not registered, end the stream with the reason")
        func faults() async throws {
            try await withCluster { _, _ in
                #expect(await code { for try await _ in Streams.count.options(window: 0).remote(3) {} } == .invalidArgument)
                let unknown = RemoteFunction("unknown(to:)") { (out: RemoteSink<Int>, n: Int) in try await out.send(n) }
                #expect(await code { for try await _ in unknown.remote(3) {} } == .notRegistered)
            }
        }

        @Test("a list that is spread: one object for each of three thousand elements")
        func spread() async throws {
            try await withCluster { ray, _ in
                let refs = try await Streams.numbers.spread().remote(3_000).get()
                #expect(refs.count == 3_000 && Set(refs.map(\.id)).count == 3_000)
                #expect(try await ray.get(refs) == Array(0..<3_000))
                #expect(try await Tasks.square.remote(refs[77]).get() == 77 * 77)
            }
        }
    }
}
