import EngineTestRemotes
import Foundation
import Rayflow
import RayflowCore
import Testing

extension EngineTests {
    @Suite("Actors in processes of their own")
    struct ActorTests {
        @Test("a class keeps its state, calls keep their order, and the name finds it")
        func counter() async throws {
            try await withCluster { ray, _ in
                let hits = Counter.start.options(name: "hits", maxRestarts: 3).remote(10)
                #expect(try await hits.add.remote(Tasks.square.remote(3)).get(timeout: .seconds(30)) == 19)
                let calls = (0..<200).map { hits.add.remote($0 % 2 == 0 ? 1 : -1) }
                let values = try await ray.get(calls)
                #expect(values == (0..<200).map { $0 % 2 == 0 ? 20 : 19 })
                _ = try await hits.reset.remote(5).get()
                let found = try #require(try await ray.actor("hits", as: Counter.self))
                #expect(try await found.add.remote(1).get() == 6)
                #expect(try await ray.actor("nobody", as: Counter.self) == nil)
                #expect(await code { _ = try await ray.actor("hits", as: Account.self) } == .typeMismatch)
                let own = try await hits.refer.remote().get()
                #expect(try await own.add.remote(1).get() == 7)
                #expect(try await Tasks.useCounter.remote(hits, 3).get() == 10)
            }
        }

        @Test("two actors live in two processes, apart from the tasks'")
        func processes() async throws {
            try await withCluster { _, _ in
                let a = Counter.start.remote(0), b = Counter.start.remote(0)
                let pids = [try await a.pid.remote().get(), try await b.pid.remote().get(), try await Tasks.pid.remote().get()]
                #expect(Set(pids + [Int(getpid())]).count == 4)
            }
        }

        @Test("a Swift actor throws typed errors, and interleaves at await when it may")
        func account() async throws {
            try await withCluster { _, _ in
                let account = Account.open.options(maxConcurrency: 100).remote()
                await #expect(throws: Overdrawn(missing: 5)) { try await account.withdraw.remote(5).get() }
                let waiting = account.awaitDeposit.remote()
                #expect(try await account.deposit.remote(8).get() == 8)
                // The deposit may come before the other call has started to wait; a second one wakes it then.
                while try await Cluster.current.wait([waiting], timeout: .milliseconds(20)).ready.isEmpty {
                    _ = try await account.deposit.remote(0).get()
                }
                #expect(try await waiting.get() == 8)
                #expect(try await account.withdraw.remote(5).get() == 3)
            }
        }

        @Test("a name is taken while its actor lives; getIfExists gives the living one")
        func names() async throws {
            try await withCluster { ray, _ in
                let first = Counter.start.options(name: "one").remote(1)
                #expect(try await first.add.remote(0).get() == 1)
                let second = Counter.start.options(name: "one").remote(2)
                #expect(await code { _ = try await second.add.remote(0).get() } == .invalidArgument)
                let same = Counter.start.options(name: "one", getIfExists: true).remote(3)
                #expect(try await same.add.remote(4).get() == 5)
                #expect(try await first.add.remote(0).get() == 5)
                try await ray.kill(first)
                #expect(await code { _ = try await first.add.remote(0).get() } == .actorDied)
                let third = Counter.start.options(name: "one").remote(7)
                #expect(try await third.add.remote(0).get() == 7)
            }
        }

        @Test("a constructor that fails is what every call gets")
        func constructor() async throws {
            try await withCluster { _, _ in
                let broken = Broken.start.remote()
                guard case .failure(let error) = await broken.hello.remote().outcome() else {
                    Issue.record("it lives")
                    return
                }
                #expect(error.code == .actorDied && error.message.contains("constructor"))
                #expect(await code { _ = try await broken.hello.remote().get() } != nil)
            }
        }

        @Test("an actor that is killed without restarts is dead for good")
        func killed() async throws {
            try await withCluster { _, _ in
                let counter = Counter.start.remote(1)
                let scratch = Scratch()
                let running = counter.slow.remote(scratch.file("slow"))
                let pid = try #require(Int32(try await line(in: scratch.file("slow"))))
                kill(pid, SIGKILL)
                #expect(await code { _ = try await running.get() } == .actorDied)
                #expect(await code { _ = try await counter.add.remote(1).get() } == .actorDied)
            }
        }

        @Test("an actor with restarts comes back anew, with calls that were waiting; the call that killed it fails")
        func restarted() async throws {
            try await withCluster { _, _ in
                let counter = Counter.start.options(maxRestarts: 2).remote(1)
                #expect(try await counter.add.remote(4).get() == 5)
                let pid = try await counter.pid.remote().get()
                let deadly = counter.die.remote()
                #expect(await code { _ = try await deadly.get() } != nil)
                #expect(try await counter.add.remote(1).get() == 2, "its state began anew")
                #expect(try await counter.pid.remote().get() != pid)
                for _ in 0..<2 { _ = await code { _ = try await counter.die.remote().get() } }
                #expect(await code { _ = try await counter.add.remote(1).get() } == .actorDied)
            }
        }

        @Test("calls that may be repeated survive the end of the process they were sent to")
        func retriedCalls() async throws {
            try await withCluster { ray, _ in
                let counter = Counter.start.options(maxRestarts: -1, maxTaskRetries: -1).remote(0)
                let pid = Int32(try await counter.pid.remote().get())
                let calls = (0..<100).map { _ in counter.add.remote(1) }
                kill(pid, SIGKILL)
                let values = try await ray.get(calls)
                // What was answered before the end stays; the rest counts from anew, in order.
                let fresh = values.lastIndex(of: 1) ?? 0
                #expect(Array(values[..<fresh]) == Array(1..<(1 + fresh)))
                #expect(Array(values[fresh...]) == Array(1...(100 - fresh)))
            }
        }

        @Test("an actor that leaves answers its last call; later ones fail")
        func leaves() async throws {
            try await withCluster { _, _ in
                let counter = Counter.start.options(maxRestarts: 5).remote(3)
                let pid = Int32(try await counter.pid.remote().get())
                #expect(try await counter.leave.remote().get() == 3)
                try await ends(pid)
                #expect(await code { _ = try await counter.add.remote(1).get() } == .actorDied)
            }
        }
    }
}
