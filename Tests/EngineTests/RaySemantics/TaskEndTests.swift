import EngineTestRemotes
import Glibc
import Ownership
import Rayflow
import RayflowCore
import Testing

extension EngineTests {
    @Suite("Ends of tasks, as Ray has them")
    struct TaskEndTests {
        @Test("11: three results of a task that throws fail with the same error of the user's type")
        func several() async throws {
            try await withCluster { _, _ in
                let (a, b, c) = Streams.several.remote(4)
                for ref in [a, b, c] {
                    await #expect(throws: Overdrawn(missing: 4)) { try await ref.get() }
                    guard case .failure(let error) = await ref.outcome() else { continue }
                    #expect(error.code == .taskFailed && error.task == "several")
                }
            }
        }

        @Test("13: the consumer of a failed ref never runs, and its error names the task that failed")
        func dependent() async throws {
            let scratch = Scratch()
            try await withCluster { _, _ in
                let failed = Tasks.overdraw.remote(5)
                let consumer = Effects.mark.remote(scratch.file("ran"), failed)
                guard case .failure(let error) = await consumer.outcome() else {
                    Issue.record("no failure")
                    return
                }
                #expect(error.cause as? Overdrawn == Overdrawn(missing: 5) && error.task == "overdraw")
                #expect(scratch.lines("ran").isEmpty)
            }
        }

        @Test("14: a function that kills its process runs again; with no retries the error is workerCrashed")
        func crash() async throws {
            try await withCluster { _, _ in
                let value1 = try await Tasks.dies.options(maxRetries: 1).remote(1).get()
                #expect(value1 == 2)
                #expect(await code { try await Tasks.dies.options(maxRetries: 0).remote(1).get() } == .workerCrashed)
                let value2 = try await Tasks.dies.options(maxRetries: -1).remote(5).get()
                #expect(value2 == 6)
            }
        }

        @Test("15: an error is retried when the options say so, as often as they say")
        func retries() async throws {
            try await withCluster { _, _ in
                let value3 = try await Tasks.failsOnce.options(maxRetries: 1, retryErrors: .any).remote().get()
                #expect(value3 == 2)
                await #expect(throws: Overdrawn(missing: 1)) {
                    try await Tasks.failsOnce.options(maxRetries: 0, retryErrors: .any).remote().get()
                }
            }
        }

        @Test("33: a cancel in the middle of a chain fails what comes after it and nothing before")
        func chain() async throws {
            let scratch = Scratch()
            try await withCluster(cpus: 1) { ray, _ in
                // Occupies the only CPU.
                let first = Tasks.waits.remote(scratch.file("pid"))
                _ = try await line(in: scratch.file("pid"))
                let one = Tasks.square.remote(2), two = Tasks.square.remote(one)
                let three = Tasks.square.remote(two), four = Tasks.square.remote(three)
                try await ray.cancel(three)
                #expect(await code { try await three.get() } == .cancelled)
                #expect(await code { try await four.get() } == .cancelled)
                let (ready, _) = try await ray.wait([one, two], count: 2, timeout: .zero)
                #expect(ready.isEmpty)
                try await ray.cancel(first)
                #expect(try await two.get() == 16)
            }
        }

        @Test("34: a task that is cancelled in the queue never runs, and those behind it do")
        func queued() async throws {
            let scratch = Scratch()
            try await withCluster(cpus: 1) { ray, _ in
                let first = Tasks.waits.remote(scratch.file("pid"))
                _ = try await line(in: scratch.file("pid"))
                let second = Tasks.waits.remote(scratch.file("second")), third = Tasks.square.remote(3)
                try await ray.cancel(second)
                #expect(await code { try await second.get() } == .cancelled)
                try await ray.cancel(first)
                #expect(try await third.get() == 9)
                #expect(scratch.lines("second").isEmpty)
                try await ray.cancel(third)
                #expect(try await third.get() == 9, "a finished task is left alone")
            }
        }

        @Test("35: of five thousand tasks one in twenty is cancelled while they run: each ends with its value or cancelled")
        func many() async throws {
            try await withCluster { ray, _ in
                let refs = (0..<5_000).map { Tasks.square.remote($0) }
                for ref in refs where ref.id.task.unique % 20 == 0 { try await ray.cancel(ref) }
                var cancelled = 0
                for (index, ref) in refs.enumerated() {
                    switch await ref.outcome() {
                    case .success(let value): #expect(value == index * index)
                    case .failure(let error):
                        #expect(error.code == .cancelled)
                        cancelled += 1
                    }
                }
                #expect(cancelled < 1_000)
            }
        }

        @Test("a cancel reaches what the task has submitted")
        func recursive() async throws {
            let scratch = Scratch()
            try await withCluster { ray, _ in
                let parent = Streams.nested.options(name: "parent").remote(scratch.file("pid"))
                _ = try await line(in: scratch.file("pid"))
                try await ray.cancel(parent)
                #expect(await code { try await parent.get() } == .cancelled)
                // Both CPUs are free again only when the child has ended too.
                let both = Tasks.square.options(cpus: 2).remote(4)
                #expect(try await both.get(timeout: .seconds(60)) == 16)
            }
        }

        @Test("a driver that submits without end is held at half of what may be pending; beyond the limit refs fail at once")
        func capacity() async throws {
            try await withCluster { ray, embedded in
                embedded.core.step { owner, _ in owner.pendingTaskLimit = 20 }
                var refs: [ObjectRef<Int>] = []
                for number in 0..<200 {
                    try await ray.capacity()
                    #expect(embedded.core.step { owner, _ in owner.pendingTasks } <= 10)
                    refs.append(Tasks.square.remote(number))
                }
                #expect(try await ray.get(refs) == (0..<200).map { $0 * $0 })
                let scratch = Scratch()
                let waiting = (0..<20).map { _ in Tasks.waits.remote(scratch.file("pid")) }
                #expect(await code { try await Tasks.square.remote(1).get() } == .tooManyPending)
                for ref in waiting { try await ray.cancel(ref) }
            }
        }
    }
}
