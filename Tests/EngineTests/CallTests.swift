import EngineTestRemotes
import Foundation
import Rayflow
import RayflowCore
import Testing

extension EngineTests {
    @Suite("Calls, as the documentation writes them")
    struct CallTests {
        @Test("values, refs, several results, gathered and borrowed refs, nothing, a continuation")
        func tasks() async throws {
            try await withCluster { ray, _ in
                let a = Tasks.square.remote(3)
                let b = Tasks.add.options(cpus: 2, maxRetries: 5).remote(a, 4)
                let (q, r) = Tasks.divmod.remote(7, 2)
                let s = Tasks.total.remote(gather(a, 5, q))
                let f = Tasks.first.remote([a, b])
                let (x, y) = try await ray.get(s, f)
                #expect(x == 9 + 5 + 3 && y == 9)
                #expect(try await b.get() == 13)
                #expect(try await r.get() == 1)
                #expect(try await Tasks.appending.remote([1], "four").get() == [1, 4])
                #expect(try await Tasks.scale.remote(Point(x: 1.5), 2).get() == Point(x: 3))
                #expect(try await Tasks.total.remote(gather([a, b])).get() == 22)
                #expect(try await Tasks.tail.remote(4).get() == 25)
                #expect(try await Tasks.log.remote("").get() == Done())
                #expect(try await Tasks.detached.remote().get() == 25)
            }
        }

        @Test("numbers in shared memory: put, view, put in place, read in place")
        func buffers() async throws {
            try await withCluster { ray, _ in
                let array = try ray.put([Float](repeating: 1, count: 1_000_000))
                #expect(try await Tasks.norm.remote(array.view()).get() == 1_000_000)
                let made = ray.put(Float.self, count: 500_000) { out in while out.count < out.capacity { out.append(2) } }
                #expect(try await Tasks.norm.remote(made).get() == 2_000_000)
                #expect(try await made.get()[499_999] == 2)
                let result = Tasks.make.remote(300_000)
                #expect(try await result.get() == [Float](repeating: 1.5, count: 300_000))
                #expect(try await Tasks.norm.remote(result.view()).get() == 675_000)
                let handed = Tasks.handOver.remote(200_000)
                #expect(try await handed.get().count == 200_000)
                #expect(try await Tasks.norm.remote(handed.view()).get() == 450_000)
            }
        }

        @Test("two reads of a large object see the same pages")
        func zeroCopy() async throws {
            try await withCluster { ray, _ in
                let ref = ray.put(Float.self, count: 4_000_000) { out in while out.count < out.capacity { out.append(Float(out.count)) } }
                let one = try await ref.get(), two = try await ref.get()
                let (first, second) = (
                    one.withSpan { $0.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) } },
                    two.withSpan { $0.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) } }
                )
                #expect(first == second)
                #expect(one[3_999_999] == 3_999_999)
            }
        }

        @Test("a body submits, waits and recurses")
        func nested() async throws {
            try await withCluster { ray, _ in
                let fib = try await Tasks.fib.remote(5).get()
                #expect(fib == 5)
                let parents = (0..<20).map { _ in Tasks.parent.remote(5) }
                let sums = try await ray.get(parents)
                #expect(sums == Array(repeating: 10, count: 20))
            }
        }

        @Test("refs that a body made and returned are the driver's")
        func returnedRefs() async throws {
            try await withCluster { ray, _ in
                let refs = try await Tasks.refs.remote(20).get()
                let values = try await ray.get(refs)
                #expect(values == (0..<20).map { $0 * $0 })
                let total = try await Tasks.total.remote(gather(refs)).get()
                #expect(total == values.reduce(0, +))
            }
        }

        @Test("a thousand tasks at once, and a chain of two hundred")
        func many() async throws {
            try await withCluster { ray, _ in
                let refs = (0..<1_000).map { Tasks.square.remote($0) }
                let values = try await ray.get(refs)
                #expect(values == (0..<1_000).map { $0 * $0 })
                var last = Tasks.add.remote(0, 1)
                for _ in 1..<200 { last = Tasks.add.remote(last, 1) }
                let end = try await last.get()
                #expect(end == 200)
            }
        }

        @Test("wait tells what is ready, in order, at most as many as asked for")
        func wait() async throws {
            try await withCluster { ray, _ in
                let scratch = Scratch()
                let gate = scratch.file("gate")
                let slow = Effects.slow.remote(gate, 1)
                let fast = [Tasks.square.remote(2), Tasks.square.remote(3)]
                let (ready, rest) = try await ray.wait([slow] + fast, count: 2)
                #expect(ready == fast && rest == [slow])
                let (none, all) = try await ray.wait([slow], timeout: .milliseconds(1))
                #expect(none.isEmpty && all == [slow])
                try appendLine("", to: gate)
                let (done, left) = try await ray.wait([slow] + fast, count: 1)
                #expect(done.count == 1 && left.count == 2)
                #expect(try await slow.get() == 1)
            }
        }

        @Test("what a worker prints comes out where the driver says")
        func output() async throws {
            var ends: [Int32] = [0, 0]
            try #require(pipe(&ends) == 0)
            let (reading, writing) = (ends[0], ends[1])
            try await withCluster(outputFD: writing) { _, _ in
                _ = try await Tasks.log.remote("hello from a worker").get()
            }
            close(writing)
            let text = String(decoding: FileHandle(fileDescriptor: reading, closeOnDealloc: true).readDataToEndOfFile(), as: UTF8.self)
            #expect(text == "hello from a worker\n")
        }

        @Test("bodies see nothing of the engine in their environment")
        func environment() async throws {
            try await withCluster { _, _ in
                for name in ["RAYFLOW_WORKER", "RAYFLOW_STEP_RUNNER"] {
                    let value = try await Tasks.environment.remote(name).get()
                    #expect(value == nil)
                }
            }
        }

        @Test("two calls of one process whose own calls to a third depend on each other end")
        func crossed() async throws {
            let scratch = Scratch()
            try await withCluster { _, _ in
                let counter = Counter.start.remote(0)
                let relay = Relay.start.options(maxConcurrency: 2).remote(counter)
                let later = relay.addAfter.remote(scratch.file("gate"), 5)
                // Its call to the counter stands first, and waits for what the other call has yet to make.
                let passed = relay.pass.remote([later], scratch.file("passed"))
                _ = try await line(in: scratch.file("passed"))
                try appendLine("", to: scratch.file("gate"))
                let values = [try await later.get(timeout: .seconds(60)), try await passed.get(timeout: .seconds(60))]
                #expect(values == [5, 10])
            }
        }

        @Test("a method may wait for a call of its own actor that has ended, and is told when that call can never start")
        func ownResult() async throws {
            let scratch = Scratch()
            try await withCluster { _, _ in
                let relay = Relay.start.remote(Counter.start.remote(0))
                let done = relay.echo.remote(7)
                #expect(try await done.get() == 7)
                #expect(try await relay.read.remote([done], scratch.file("done")).get() == 7)
                // It waits here for its argument, and comes when another caller's call waits for it.
                let late = relay.echo.remote(Effects.slow.remote(scratch.file("gate"), 8))
                let reader = Relay.readThrough.remote(relay, [late], scratch.file("late"))
                _ = try await line(in: scratch.file("late"))
                try appendLine("", to: scratch.file("gate"))
                #expect(await code { try await reader.get(timeout: .seconds(60)) } == .deadlock)
                #expect(try await late.get() == 8)
            }
        }
    }
}
