import RayflowCore
import Testing

@testable import Raylet

@Suite("Worker pool") struct WorkerPoolTests {
    @Test("the death of a leased worker is told to the requester with pid and signal") func workerDies() throws {
        var bench = RayletBench()
        let lease = try bench.request()
        bench.registerAll()
        bench.exit(try #require(bench.process(of: lease)))
        let error = try #require(bench.loss(of: lease))
        #expect(error.code == .workerCrashed)
        #expect(error.message == "worker process 4711 was killed by SIGSEGV")
        #expect(error.node == "0000000000000007")
        #expect(bench.raylet.available == .cpus(2))
        _ = try bench.request(lease: lease)
        #expect(bench.sent.count { if case .leaseLost = $0.message { true } else { false } } == 2)
    }

    @Test("a worker that ran out of memory says so") func outOfMemory() throws {
        var bench = RayletBench()
        let lease = try bench.request()
        bench.registerAll()
        bench.exit(try #require(bench.process(of: lease)), "was killed by SIGKILL", outOfMemory: true)
        #expect(bench.loss(of: lease)?.code == .outOfMemory)
    }

    @Test("a worker reported as failed is killed; its resources and the confirmation come when it is gone") func failedWorker() throws {
        var bench = RayletBench()
        let lease = try bench.request()
        bench.registerAll()
        let process = try #require(bench.process(of: lease))
        bench.giveBack(lease, failed: true)
        #expect(bench.killed == [process: .workerFailed])
        #expect(bench.raylet.available == .cpus(1))
        #expect(bench.loss(of: lease) == nil)
        bench.exit(process)
        #expect(bench.raylet.available == .cpus(2))
        #expect(bench.loss(of: lease)?.message.contains("ended by its raylet: its actor was killed") == true)
        bench.giveBack(lease, failed: true)
        #expect(bench.sent.count { if case .leaseLost = $0.message { true } else { false } } == 2)
    }

    @Test("an actor gets a process of its own, which ends with its lease") func actor() throws {
        var bench = RayletBench()
        let actor = try bench.request(.actor, cpus: 1, from: .gcs)
        #expect(bench.raylet.available == .cpus(1), "booked while its process starts")
        bench.registerAll()
        let process = try #require(bench.process(of: actor))
        bench.giveBack(actor, from: .gcs)
        #expect(bench.killed == [process: .actorEnded])
        let task = try bench.request()
        #expect(bench.worker(of: task) == nil)
        bench.registerAll()
        #expect(bench.process(of: task) != process)
        bench.exit(process)
        #expect(bench.raylet.available == .cpus(1))
    }

    @Test("an actor takes an idle process that has run nothing, never one that has") func actorTakesFreshWorker() throws {
        var bench = RayletBench()
        bench.step { $0.prestart(job: RayletBench.job, count: 1, now: $1, into: &$2) }
        bench.registerAll()
        let actor = try bench.request(.actor, cpus: 0, from: .gcs)
        #expect(bench.process(of: actor) == bench.spawned[0])
        let task = try bench.request()
        bench.registerAll()
        bench.giveBack(task)
        _ = try bench.request(.actor, cpus: 0, from: .gcs)
        #expect(bench.spawned.count == 3)
    }

    @Test("the process of an actor that is cancelled while it starts serves tasks") func cancelledActorStart() throws {
        var bench = RayletBench()
        let actor = try bench.request(.actor, from: .gcs)
        bench.receive(.cancelLease(CancelLease(lease: actor)), from: .gcs)
        #expect(bench.raylet.available == .cpus(2))
        let task = try bench.request()
        bench.registerAll()
        #expect(bench.spawned.count == 1)
        #expect(bench.worker(of: task) != nil)
    }

    @Test("a process that dies before it registers is started again, three times at most") func startFailures() throws {
        var bench = RayletBench()
        let task = try bench.request()
        for attempt in 1...SchedulerLimits.startAttempts {
            #expect(bench.spawned.count == attempt)
            bench.exit(bench.spawned[attempt - 1], "exited with status 127")
        }
        #expect(bench.rejection(of: task)?.code == .workerCrashed)
        #expect(bench.rejection(of: task)?.message.hasPrefix("no worker could be started: worker process") == true)
        #expect(bench.spawned.count == SchedulerLimits.startAttempts)
        #expect(bench.raylet.available == .cpus(2))
    }

    @Test("an actor whose process cannot be spawned is refused with the error of the system") func actorSpawnFails() throws {
        var bench = RayletBench()
        let actor = try bench.request(.actor, from: .gcs)
        for index in 0..<SchedulerLimits.startAttempts {
            bench.step { [spawned = bench.spawned] in
                $0.spawnFailed(process: spawned[index], error: ErrorRecord(.system, "no memory"), now: $1, into: &$2)
            }
        }
        #expect(bench.rejection(of: actor)?.code == .system)
        #expect(bench.rejection(of: actor)?.message == "no worker could be started: no memory")
        #expect(bench.raylet.available == .cpus(2))
    }

    @Test("a worker that is turned away ends what waits for a worker of its job, at once") func refused() throws {
        var bench = RayletBench()
        let task = try bench.request(), actor = try bench.request(.actor, cpus: 0, from: .gcs)
        let process = bench.spawned[0]
        bench.step { $0.workerRefused(process: process, "its functions are others", now: $1, into: &$2) }
        bench.exit(process, "exited with status 71")
        #expect(bench.rejection(of: task)?.code == .programMismatch)
        #expect(bench.rejection(of: task)?.message.contains("its functions are others") == true)
        // The actor's own process is turned away like the other.
        bench.step { [spawned = bench.spawned] in $0.workerRefused(process: spawned[1], "so are these", now: $1, into: &$2) }
        bench.exit(bench.spawned[1], "exited with status 71")
        #expect(bench.rejection(of: actor)?.code == .programMismatch)
        #expect(bench.spawned.count == 2)
        #expect(bench.raylet.available == .cpus(2))
    }

    @Test("a worker that has served is not turned away any more, whatever its status") func notRefused() throws {
        var bench = RayletBench()
        let task = try bench.request()
        bench.registerAll()
        bench.step { [spawned = bench.spawned] in $0.workerRefused(process: spawned[0], "what its body says", now: $1, into: &$2) }
        #expect(bench.rejection(of: task) == nil && bench.raylet.counters.refused == 0)
    }

    @Test("a process that does not register in time is killed and replaced") func startTimeout() throws {
        var bench = RayletBench()
        let task = try bench.request()
        let process = bench.spawned[0]
        #expect(bench.timers.contains { $0.timer == .workerStart(process: process) && $0.after == SchedulerLimits.workerStartNS })
        bench.fire(.workerStart(process: process))
        #expect(bench.killed[process] == .startTimeout)
        bench.register(process)
        #expect(bench.worker(of: task) == nil, "too late")
        bench.exit(process)
        #expect(bench.spawned.count == 2)
        bench.registerAll()
        #expect(bench.worker(of: task) != nil)
        bench.fire(.workerStart(process: bench.spawned[1]))
        #expect(bench.killed.count == 1)
    }

    @Test("workers serve requests of their own environment only, and tell the shell which it is") func environments() throws {
        var bench = RayletBench(cpus: 4)
        let one = try RuntimeEnvironment(["A": "1"]), two = try RuntimeEnvironment(["A": "2"])
        let plain = try bench.request(), first = try bench.request(environment: one)
        #expect(bench.spawned.count == 2)
        #expect(bench.spawned.map { bench.raylet.environment(of: $0) } == [.none, one])
        bench.registerAll()
        let process = try #require(bench.process(of: first))
        #expect(process == bench.spawned[1] && bench.process(of: plain) == bench.spawned[0])
        bench.giveBack(first)
        let again = try bench.request(environment: one)
        #expect(bench.process(of: again) == process)
        bench.giveBack(again)
        let other = try bench.request(environment: two)
        #expect(bench.worker(of: other) == nil && bench.spawned.count == 3)
        let actor = try bench.request(.actor, environment: two, from: .gcs)
        #expect(bench.spawned.count == 4 && bench.raylet.environment(of: bench.spawned[3]) == two)
        bench.registerAll()
        #expect(bench.worker(of: other) != nil && bench.process(of: actor) == bench.spawned[3])
        bench.receive(.jobEnded(JobEnded(job: RayletBench.job)), from: .gcs)
        #expect(bench.killed.count == 4)
    }

    @Test("an environment that no process can have fails what asks for it at once, and nothing else") func unfitEnvironment() throws {
        var bench = RayletBench(cpus: 4)
        let unfit = try RuntimeEnvironment(["A": "1"]), error = ErrorRecord(.runtimeEnvSetup, "no")
        let task = try bench.request(environment: unfit), plain = try bench.request()
        let actor = try bench.request(.actor, environment: unfit, from: .gcs)
        for process in bench.spawned where bench.raylet.environment(of: process) == unfit {
            bench.step { $0.spawnFailed(process: process, error: error, now: $1, into: &$2) }
        }
        #expect(bench.rejection(of: task)?.code == .runtimeEnvSetup && bench.rejection(of: actor)?.code == .runtimeEnvSetup)
        #expect(bench.spawned.count == 3)
        bench.registerAll()
        #expect(bench.worker(of: plain) != nil)
    }

    @Test("with many environments idle workers of others go as further ones start") func manyEnvironments() throws {
        var bench = RayletBench(cpus: 1, keptIdle: 1)
        for number in 0..<40 {
            let lease = try bench.request(environment: try RuntimeEnvironment(["A": "\(number)"]))
            bench.registerAll()
            bench.giveBack(lease)
            let idle = bench.raylet.workers.values.count { !$0.isDying }
            #expect(idle <= 1 + SchedulerLimits.idleOfOthers)
            for process in bench.idleChecks where bench.raylet.workers[process]?.killed == .idle {
                bench.answerIdleCheck(process, isUnused: true)
                bench.exit(process)
            }
        }
        #expect(bench.killed.values.allSatisfy { $0 == .idle })
        #expect(bench.killed[bench.spawned[0]] == .idle, "the longest idle first")
    }

    @Test("a blocked worker makes room for one of the same environment, after the wait") func blockedEnvironment() throws {
        var bench = RayletBench(cpus: 1)
        let environment = try RuntimeEnvironment(["A": "1"])
        let parent = try bench.request(environment: environment)
        bench.registerAll()
        bench.block(try #require(bench.process(of: parent)), true)
        let child = try bench.request(environment: environment)
        let pool = WorkerPoolKey(job: RayletBench.job, environment: environment)
        let timer = try #require(bench.timers.last { if case .furtherWorker(pool, _) = $0.timer { true } else { false } })
        bench.fire(timer.timer)
        bench.registerAll()
        #expect(bench.worker(of: child) != nil)
        let other = try bench.request(cpus: 0, environment: try RuntimeEnvironment(["A": "2"]))
        bench.registerAll()
        #expect(bench.worker(of: other) != nil, "the wait of one environment holds up no other")
    }

    @Test("a process that nobody knows is told to end") func unknownWorker() {
        var bench = RayletBench()
        bench.receive(.registerWorker(RegisterWorker(process: 99, pid: 1)), from: bench.raylet.workerAddress(99))
        #expect(bench.sent.contains { if case .shutdownWorker = $0.message { true } else { false } })
        bench.receive(.registerWorker(RegisterWorker(process: 99, pid: 1)), from: RayletBench.driver)
        #expect(bench.raylet.counters.unexpected == 2)
    }

    @Test("idle workers above the number kept end after the idle time, the longest idle first") func idleWorkers() throws {
        var bench = RayletBench(cpus: 4, keptIdle: 1)
        let leases = try (0..<3).map { _ in try bench.request() }
        bench.registerAll()
        let processes = leases.map { bench.process(of: $0) }
        for lease in leases {
            bench.now += 1000
            bench.giveBack(lease)
        }
        let armed = bench.timers.filter { $0.timer == .idleWorkers }
        #expect(armed.map(\.after) == [SchedulerLimits.idleWorkerNS - 1000])
        bench.now += SchedulerLimits.idleWorkerNS - 2000
        bench.fire(.idleWorkers)
        #expect(bench.killed.isEmpty, "it is asked first")
        bench.answerIdleCheck(try #require(processes[0]), isUnused: true)
        #expect(bench.killed == [try #require(processes[0]): .idle])
        bench.exit(try #require(processes[0]), "exited with status 0")
        #expect(bench.timers.last?.timer == .idleWorkers)
        bench.now += 1000
        bench.fire(.idleWorkers)
        bench.answerIdleCheck(try #require(processes[1]), isUnused: true)
        #expect(bench.killed.count == 2)
        bench.now += SchedulerLimits.idleWorkerNS
        bench.fire(.idleWorkers)
        #expect(bench.idleChecks.count == 2, "one is kept")
        #expect(WorkerKillReason.idle.isGentle)
    }

    @Test("an idle worker that owns something in use stays, serves, and is asked again after its next lease") func idleOwner() throws {
        var bench = RayletBench(cpus: 4, keptIdle: 0)
        let lease = try bench.request()
        bench.registerAll()
        let process = try #require(bench.process(of: lease))
        bench.giveBack(lease)
        bench.now += SchedulerLimits.idleWorkerNS
        bench.fire(.idleWorkers)
        let second = try bench.request()
        #expect(bench.worker(of: second) == nil, "nothing is given to one that may go")
        bench.answerIdleCheck(process, isUnused: false)
        #expect(bench.killed.isEmpty && bench.process(of: second) == process)
        let timers = bench.timers.count
        bench.giveBack(second)
        #expect(bench.timers.count > timers)
        bench.now += SchedulerLimits.idleWorkerNS
        bench.fire(.idleWorkers)
        #expect(bench.idleChecks.filter { $0 == process }.count == 2)
        for other in bench.idleChecks where other != process { bench.answerIdleCheck(other, isUnused: true) }
        bench.answerIdleCheck(process, isUnused: false)
        let last = bench.timers.count
        bench.now += SchedulerLimits.idleWorkerNS
        bench.fire(.idleWorkers)
        #expect(bench.timers.count == last && bench.idleChecks.filter { $0 == process }.count == 2, "it is left in peace")
        bench.receive(.jobEnded(JobEnded(job: RayletBench.job)), from: .gcs)
        #expect(bench.killed[process] == .jobEnded, "whatever it would answer")
    }

    @Test("process numbers differ between nodes") func processNumbers() throws {
        var one = RayletBench(node: 1), two = RayletBench(node: 2)
        _ = try one.request()
        _ = try two.request()
        #expect(one.spawned != two.spawned)
        #expect(one.spawned.allSatisfy { $0 != 0 })
    }
}
