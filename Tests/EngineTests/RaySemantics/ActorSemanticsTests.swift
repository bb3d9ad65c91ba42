import EngineTestRemotes
import Glibc
import Rayflow
import RayflowCore
import Testing

extension EngineTests {
    @Suite("Ray's semantics: actors")
    struct ActorSemanticsTests {
        @Test("17: a hundred calls, each waiting for an argument that comes when it likes, run in the order of their submission")
        func order() async throws {
            try await withCluster { ray, _ in
                let counter = Counter.start.remote(0)
                let arguments = (0..<100).map { ActorTasks.lateValue.remote($0, ($0 &* 7919) % 5) }
                let calls = arguments.map { counter.mix.remote($0) }
                var value = 0
                let expected = (0..<100).map { index in
                    value = value &* 3 &+ index
                    return value
                }
                let values1 = try await ray.get(calls)
                #expect(values1 == expected)
            }
        }

        @Test("18: a call that waits for a slow argument of one caller holds up no other caller")
        func slowArgument() async throws {
            try await withCluster { ray, _ in
                let counter = Counter.start.remote(0)
                let scratch = Scratch()
                let never = Tasks.waits.remote(scratch.file("waits"))
                let held = counter.add.remote(never)
                #expect(try await Tasks.useCounter.remote(counter, 3).get(timeout: .seconds(30)) == 3)
                try await ray.cancel(never, force: true)
                #expect(await code { _ = try await held.get() } != nil)
                #expect(try await counter.add.remote(1).get() == 4)
            }
        }

        @Test("19: three calls of an actor with maxConcurrency 3 meet, and there are never more than three threads")
        func threads() async throws {
            try await withCluster { ray, _ in
                let parallel = Parallel.start.options(maxConcurrency: 3, groups: ["io": 1]).remote()
                let calls = (0..<30).map { _ in parallel.meet.remote(3) }
                let most = try await ray.get(calls)
                #expect(most.max() ?? 0 <= 3 && most.last == 3)
                #expect(try await parallel.threads.remote().get() <= 4, "one for each call that may run")
            }
        }

        @Test("21: while the default group is blocked for ever, a method of another group answers, also one moved there by its call")
        func groups() async throws {
            try await withCluster { _, _ in
                let scratch = Scratch()
                let parallel = Parallel.start.options(groups: ["io": 1]).remote()
                let blocked = parallel.block.remote(scratch.file("block"))
                _ = try await line(in: scratch.file("block"))
                #expect(try await parallel.hello.remote().get(timeout: .seconds(30)) == "ok")
                #expect(await code { _ = try await parallel.threads.options(group: "net").remote().get() } == .invalidArgument)
                _ = try await parallel.open.options(group: "io").remote().get(timeout: .seconds(30))
                #expect(try await blocked.get() == 0)
                let without = Parallel.start.remote()
                #expect(await code { _ = try await without.threads.remote().get() } == .invalidArgument, "its methods have groups")
            }
        }

        @Test("22: killed between its calls an actor begins anew once; what was in flight is unavailable; the second kill is the end")
        func restartOnce() async throws {
            try await withCluster { ray, _ in
                let counter = Counter.start.options(maxRestarts: 1).remote(0)
                let values2 = try await ray.get((0..<100).map { _ in counter.add.remote(1) })
                #expect(values2 == Array(1...100))
                let scratch = Scratch()
                let running = counter.slow.remote(scratch.file("slow"))
                kill(try #require(Int32(try await line(in: scratch.file("slow")))), SIGKILL)
                #expect(await code { _ = try await running.get() } == .actorUnavailable)
                let values3 = try await ray.get((0..<100).map { _ in counter.add.remote(1) })
                #expect(values3 == Array(1...100))
                kill(Int32(try await counter.pid.remote().get()), SIGKILL)
                var last: RayflowError.Code?
                while last != .actorDied {
                    last = await code { _ = try await counter.add.remote(1).get() }
                    #expect(last == nil || last == .actorDied)
                }
            }
        }

        @Test("23: with retries no call fails when the process is killed amid them, and the order begins anew once")
        func retries() async throws {
            try await withCluster { ray, _ in
                let counter = Counter.start.options(maxRestarts: 1, maxTaskRetries: -1).remote(0)
                let pid = Int32(try await counter.pid.remote().get())
                let calls = (0..<100).map { _ in counter.add.remote(1) }
                kill(pid, SIGKILL)
                let values = try await ray.get(calls)
                let fresh = values.lastIndex(of: 1) ?? 0
                #expect(Array(values[..<fresh]) == Array(1..<(1 + fresh)))
                #expect(Array(values[fresh...]) == Array(1...(100 - fresh)))
            }
        }

        @Test("25: an actor that calls another one and restarts is accepted as a new caller; the other's state goes on")
        func callerRestarts() async throws {
            try await withCluster { _, _ in
                let counter = Counter.start.remote(0)
                let caller = Caller.start.options(maxRestarts: 1, maxTaskRetries: -1).remote(counter)
                for value in 1...3 { #expect(try await caller.add.remote().get() == value) }
                let pid = Int32(try await caller.pid.remote().get())
                kill(pid, SIGKILL)
                #expect(try await caller.add.remote().get() == 4)
                #expect(Int32(try await caller.pid.remote().get()) != pid)
            }
        }

        @Test("26: each attempt of a task that calls an actor is accepted as a new caller")
        func callerRetries() async throws {
            try await withCluster { _, _ in
                let counter = Counter.start.remote(0)
                let scratch = Scratch()
                let value = try await ActorTasks.callAndDie.remote(counter, scratch.file("calls"), 2).get()
                #expect(value == 3)
                #expect(scratch.lines("calls") == ["1", "2", "3"])
            }
        }

        @Test("a call behind a kill that lets the actor restart is served by its next life")
        func callBehindKill() async throws {
            try await withCluster { ray, _ in
                let counter = Counter.start.options(maxRestarts: 3).remote(0)
                for _ in 1...3 {
                    let pid = try await counter.pid.remote().get()
                    try await ray.kill(counter, restart: true)
                    #expect(try await counter.add.remote(1).get() == 1)
                    #expect(try await counter.pid.remote().get() != pid)
                }
            }
        }

        @Test("30: ten callers notice one death, and there is one restart")
        func oneRestart() async throws {
            try await withCluster(cpus: 4) { ray, _ in
                let counter = Counter.start.options(maxRestarts: 1, maxTaskRetries: -1).remote(0)
                let pid = Int32(try await counter.pid.remote().get())
                let before = (0..<10).map { ActorTasks.callLater.remote(counter, $0 * 3) }
                kill(pid, SIGKILL)
                let after = (0..<10).map { ActorTasks.callLater.remote(counter, $0) }
                // A second restart would be one too many: then these would fail.
                _ = try await ray.get(before + after)
                #expect(Int32(try await counter.pid.remote().get()) != pid)
            }
        }

        @Test("31: ordinary tasks never run in an actor's process")
        func apart() async throws {
            try await withCluster { ray, _ in
                let actors = (0..<3).map { Counter.start.remote($0) }
                let pids = Set(try await ray.get(actors.map { $0.pid.remote() }))
                let others = Set(try await ray.get((0..<50).map { _ in Tasks.pid.remote() }))
                #expect(pids.count == 3 && pids.isDisjoint(with: others))
            }
        }

        @Test(
            "37: a call is cancelled before its actor lives, while it waits, queued, awaiting and spinning; after its end nothing happens")
        func cancel() async throws {
            try await withCluster { ray, _ in
                let scratch = Scratch()
                let never = Tasks.waits.remote(scratch.file("waits"))
                let unborn = Counter.start.remote(never)
                let pending = unborn.add.remote(1)
                try await ray.cancel(pending)
                #expect(await code { _ = try await pending.get() } == .cancelled)
                let caller = Caller.start.remote(nil)
                let sleeping = caller.sleeps.remote(scratch.file("sleeps"))
                _ = try await line(in: scratch.file("sleeps"))
                let queued = caller.pid.remote()
                try await ray.cancel(queued)
                #expect(await code { _ = try await queued.get() } == .cancelled)
                #expect(await code { try await ray.cancel(sleeping, force: true) } == .invalidArgument)
                try await ray.cancel(sleeping)
                #expect(await code { _ = try await sleeping.get() } == .cancelled)
                let spinning = caller.spins.remote(scratch.file("spins"))
                _ = try await line(in: scratch.file("spins"))
                try await ray.cancel(spinning)
                #expect(try await spinning.get() == 1, "it saw that it was cancelled")
                let done = caller.pid.remote()
                let pid = try await done.get()
                try await ray.cancel(done)
                #expect(try await done.get() == pid)
                try await ray.cancel(never, force: true)
            }
        }

        @Test("a call that waits for one of its own actor that cannot start is a deadlock; one that can is none")
        func deadlock() async throws {
            try await withCluster { _, _ in
                let caller = Caller.start.remote(nil)
                #expect(await code { _ = try await caller.own.remote().get() } == .deadlock)
                #expect(await code { _ = try await caller.ownTimed.remote().get() } == .getTimeout)
                let wide = Parallel.start.options(maxConcurrency: 2, groups: ["io": 1]).remote()
                let outcome = try await wide.nested.remote(1).get()
                #expect(outcome == 1)
                #expect(await code { _ = try await wide.nested.remote(2).get() } == .deadlock)
            }
        }

        @Test("a call has a time limit, retries for its errors, and a number of unfinished ones")
        func callOptions() async throws {
            try await withCluster { _, _ in
                let scratch = Scratch()
                let caller = Caller.start.options(maxPendingCalls: 2).remote(nil)
                let late = caller.sleeps.options(timeout: .milliseconds(30)).remote(scratch.file("sleeps"))
                #expect(await code { _ = try await late.get() } == .taskTimeout)
                #expect(try await caller.pid.remote().get() > 0, "its place is free again")
                let flaky = caller.flaky.options(maxTaskRetries: 2, retryErrors: .any).remote(scratch.file("flaky"), 2)
                #expect(try await flaky.get() == 3)
                await #expect(throws: Overdrawn(missing: 1)) { try await caller.flaky.remote(scratch.file("other"), 1).get() }
                let running = caller.sleeps.remote(scratch.file("more")), waiting = caller.pid.remote()
                #expect(await code { _ = try await caller.pid.remote().get() } == .pendingCallsLimit)
                try await Cluster.current.cancel(running)
                #expect(try await waiting.get() > 0)
            }
        }

        @Test("an actor that exits delivers the results of its running calls, and is not restarted")
        func exits() async throws {
            try await withCluster { _, _ in
                let parallel = Parallel.start.options(maxRestarts: 3, maxConcurrency: 2, groups: ["io": 1]).remote()
                let scratch = Scratch()
                let running = parallel.block.remote(scratch.file("block"))
                let pid = try #require(Int32(try await line(in: scratch.file("block"))))
                #expect(try await parallel.leave.remote().get() == 1)
                #expect(await code { _ = try await parallel.threads.remote().get() } == .actorDied)
                #expect(kill(pid, 0) == 0, "the other call still runs")
                kill(pid, SIGKILL)
                #expect(await code { _ = try await running.get() } != nil)
                let counter = Counter.start.options(maxRestarts: 3).remote(5)
                let results = (0..<20).map { _ in counter.add.remote(1) }
                let last = counter.leave.remote(), after = counter.add.remote(1)
                #expect(try await last.get() == 25)
                #expect(try await results[19].get() == 25)
                #expect(await code { _ = try await after.get() } == .actorDied)
                #expect(try await ActorTasks.outcome.remote(counter).get() == "actorDied")
            }
        }

        @Test("a constructor's failed argument is named in the error of every call")
        func failedArgument() async throws {
            try await withCluster { _, _ in
                let counter = Counter.start.remote(Tasks.plain.remote())
                for _ in 0..<2 {
                    guard case .failure(let error) = await counter.add.remote(1).outcome() else {
                        Issue.record("it lives")
                        return
                    }
                    #expect(error.code == .actorDied && error.message.contains("argument 1"), "\(error)")
                }
            }
        }

        @Test("a detached actor needs a cluster that outlives its driver")
        func detached() async throws {
            try await withCluster { ray, _ in
                let counter = Counter.start.options(name: "hits", lifetime: .detached).remote(0)
                #expect(await code { _ = try await counter.add.remote(1).get() } == .needsCluster)
                try await ray.kill(counter)
            }
        }
    }
}
