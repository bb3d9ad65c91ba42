import Ownership
import RayflowCore
import Testing

@Suite("Leases of an owner")
struct LeaseTests {
    @Test("a lease is reused by whatever task of its key is ready, first come first served")
    func reuse() throws {
        var bench = OwnerBench()
        for name in ["a", "b", "c"] { bench.submit(name) }
        #expect(bench.requests.count == 3 && bench.requests.map(\.backlog) == [1, 2, 3])
        bench.grant()
        for _ in 0..<3 { bench.finish(try #require(bench.pushes.last)) }
        #expect(bench.pushed == ["a", "b", "c"])
        #expect(Set(bench.pushes.map(\.lease)).count == 1)
        #expect(bench.cancelledLeases.count == 2, "what is no longer needed is cancelled")
        #expect(bench.owner.heldLeases == 1)
    }

    @Test("at most so many requests of one key are open, however many tasks wait")
    func openRequests() {
        var bench = OwnerBench()
        for _ in 0..<200 { bench.submit() }
        #expect(bench.requests.count == Limits.openLeaseRequests)
        bench.grant()
        #expect(bench.requests.count == Limits.openLeaseRequests + 1, "a grant makes room for one more")
        #expect(bench.requests.last?.backlog == 199)
    }

    @Test("tasks of different resources, priorities or environments never share a lease")
    func keys() throws {
        var bench = OwnerBench()
        bench.submit("a")
        bench.submit("b") { $0.resources = .cpus(2) }
        bench.submit("c") { $0.priority = 1 }
        let environment = try RuntimeEnvironment(["A": "1"])
        bench.submit("d") { $0.environment = environment }
        #expect(bench.requests.count == 4)
        #expect(bench.requests.map(\.environment) == [.none, .none, .none, environment])
        bench.grant()
        bench.finish(bench.pushes[0])
        #expect(bench.pushed == ["a"])
    }

    @Test("each task that is to be spread has a lease of its own, which goes back with its end")
    func spread() throws {
        var bench = OwnerBench()
        for name in ["a", "b", "c"] { bench.submit(name) { $0.strategy = .spread } }
        let first = try bench.granted()
        bench.finish(bench.pushes[0], executionNS: 1_000)
        #expect(bench.returned == [first] && bench.pushed == ["a"], "b waits for the node that is chosen for it")
        _ = try bench.granted()
        bench.submit("d") { $0.strategy = .spread }
        #expect(bench.pushed == ["a", "b"], "short as it is, d is not pushed behind b")
        bench.finish(bench.pushes[1])
        #expect(bench.owner.heldLeases == 0)
    }

    @Test("tasks that are to be spread and are more than the open requests use the leases of others")
    func spreadMany() throws {
        var bench = OwnerBench()
        for _ in 0..<(Limits.openLeaseRequests + 3) { bench.submit { $0.strategy = .spread } }
        _ = try bench.granted()
        bench.finish(bench.pushes[0], executionNS: 2_000_000)
        #expect(bench.pushes.count == 2 && bench.returned.isEmpty)
        bench.finish(bench.pushes[1], executionNS: 2_000_000)
        bench.finish(bench.pushes[2], executionNS: 2_000_000)
        #expect(bench.pushes.count == 3 && bench.returned.count == 1, "as many are ready as are asked for")
    }

    @Test("of the ready tasks of one key those with the longest path to the exit go first, then those of which it is not known")
    func longestPathFirst() {
        var bench = OwnerBench()
        for (name, path) in [("first", 1), ("unknown", 0), ("two", 2), ("also-two", 2), ("nine", 9), ("last", 0)] as [(String, UInt32)] {
            let spec = bench.spec(name)
            bench.event { $0.submit(spec, parent: OwnerBench.root, pathLength: path, now: 0, into: &$1) }
        }
        bench.grant()
        while bench.pushes.count < 6, let push = bench.pushes.last { bench.finish(push, executionNS: 2_000_000) }
        #expect(bench.pushed == ["nine", "two", "also-two", "first", "unknown", "last"])
    }

    @Test("an idle lease goes back after its time, unless it was used meanwhile")
    func idleReturn() throws {
        var bench = OwnerBench()
        bench.submit("a")
        let lease = try bench.granted()
        bench.finish(bench.pushes[0])
        let early = try #require(bench.timers.last)
        #expect(early.afterNS == Limits.idleLeaseNS)
        bench.submit("b")
        #expect(bench.pushed == ["a", "b"], "the idle lease serves at once")
        bench.fire(early.timer)
        #expect(bench.returned.isEmpty)
        bench.finish(bench.pushes[1])
        let late = try #require(bench.timers.last)
        bench.fire(late.timer)
        #expect(bench.returned == [lease])
        #expect(bench.owner.heldLeases == 0)
        bench.fire(late.timer)
        #expect(bench.returned.count == 1)
    }

    @Test("an idle lease goes back at once when another key of the owner has to ask")
    func idleForOthers() {
        var bench = OwnerBench()
        bench.submit("a")
        bench.grant()
        bench.finish(bench.pushes[0])
        bench.submit("b") { $0.resources = .cpus(2) }
        #expect(bench.returned.count == 1)
        #expect(bench.requests.count == 2)
    }

    @Test("a grant that crosses its cancellation goes back to the node that gave it")
    func crossing() throws {
        var bench = OwnerBench()
        let task = bench.submit()
        let lease = try #require(bench.requests.first?.lease)
        bench.event { $0.cancel(task.ref, force: false, into: &$1) }
        #expect(bench.cancelledLeases == [lease], "nobody needs the lease any more")
        let granted = LeaseGranted(lease: lease, worker: OwnerBench.stranger, node: OwnerBench.otherNode)
        bench.receive(.leaseGranted(granted), from: OwnerBench.otherRaylet)
        #expect(bench.returned == [lease])
        #expect(bench.sent.last?.to == OwnerBench.otherRaylet)
    }

    @Test("a repeated grant is taken once")
    func repeatedGrant() throws {
        var bench = OwnerBench()
        bench.submit("a")
        bench.submit("b")
        let lease = try bench.granted()
        bench.receive(.leaseGranted(LeaseGranted(lease: lease, worker: OwnerBench.worker, node: OwnerBench.node)), from: OwnerBench.raylet)
        #expect(bench.pushed == ["a"])
    }

    @Test("a spillback is followed to the node it names, with one more hop")
    func spillback() throws {
        var bench = OwnerBench()
        bench.submit()
        let lease = try #require(bench.requests.first?.lease)
        bench.receive(.leaseSpillback(LeaseSpillback(lease: lease, raylet: OwnerBench.otherRaylet)), from: OwnerBench.raylet)
        #expect(bench.requests.count == 2)
        #expect(bench.requests[1].lease == lease && bench.requests[1].hops == 1)
        #expect(bench.sent.last { if case .requestLease = $0.message { true } else { false } }?.to == OwnerBench.otherRaylet)
        bench.receive(
            .leaseGranted(LeaseGranted(lease: lease, worker: OwnerBench.stranger, node: OwnerBench.otherNode)), from: OwnerBench.otherRaylet
        )
        #expect(bench.pushes.count == 1)
        bench.finish(bench.pushes[0], from: OwnerBench.stranger)
        bench.fire(try #require(bench.timers.last?.timer))
        #expect(bench.sent.last?.to == OwnerBench.otherRaylet, "it goes back where it came from")
    }

    @Test("a spillback for a task that was cancelled serves the next in line")
    func spillbackAfterCancel() throws {
        var bench = OwnerBench()
        let a = bench.submit("a"), b = bench.submit("b")
        let first = try #require(bench.requests.first?.lease)
        bench.event { $0.cancel(a.ref, force: false, into: &$1) }
        bench.receive(.leaseSpillback(LeaseSpillback(lease: first, raylet: OwnerBench.otherRaylet)), from: OwnerBench.raylet)
        #expect(bench.requests.count == 3)
        #expect(bench.failure(of: a.ref)?.code == .cancelled)
        bench.receive(
            .leaseGranted(LeaseGranted(lease: first, worker: OwnerBench.stranger, node: OwnerBench.otherNode)), from: OwnerBench.otherRaylet
        )
        #expect(bench.pushed == ["b"])
        #expect(bench.owner.state(of: b.ref) == nil)
    }

    @Test(
        "what no node can ever serve fails with the reason, all of the key at once",
        arguments: [RayflowError.Code.unschedulable, .programMismatch, .placementGroupRemoved])
    func unschedulable(_ code: RayflowError.Code) throws {
        var bench = OwnerBench()
        let a = bench.submit { $0.resources = .cpus(999) }, b = bench.submit { $0.resources = .cpus(999) }
        let lease = try #require(bench.requests.first?.lease)
        bench.receive(
            .leaseRejected(LeaseRejected(lease: lease, error: ErrorRecord(code, "no node has 999 CPUs"))), from: OwnerBench.raylet)
        #expect(bench.failure(of: a.ref)?.code == code && bench.failure(of: b.ref)?.code == code)
        #expect(bench.owner.pendingTasks == 0)
    }

    @Test("any other rejection costs one attempt of one task")
    func rejection() throws {
        var bench = OwnerBench()
        let task = bench.submit { $0.maxRetries = 1 }
        for attempt in 1...2 {
            let lease = try #require(bench.requests.last?.lease)
            bench.receive(.leaseRejected(LeaseRejected(lease: lease, error: ErrorRecord(.system, "no process"))), from: OwnerBench.raylet)
            if attempt == 1 { bench.fire(try #require(bench.retries.last?.timer)) }
        }
        #expect(bench.failure(of: task.ref)?.code == .system)
    }

    @Test("when a node is gone, its tasks are tried again and its requests are made anew at home")
    func nodeGone() throws {
        var bench = OwnerBench()
        bench.submit("a")
        bench.submit("b")
        let (first, second) = (bench.requests[0].lease, bench.requests[1].lease)
        for lease in [first, second] {
            bench.receive(.leaseSpillback(LeaseSpillback(lease: lease, raylet: OwnerBench.otherRaylet)), from: OwnerBench.raylet)
        }
        bench.receive(
            .leaseGranted(LeaseGranted(lease: first, worker: OwnerBench.stranger, node: OwnerBench.otherNode)), from: OwnerBench.otherRaylet
        )
        #expect(bench.pushed == ["a"])
        bench.forget()
        bench.event { $0.connectionLost(OwnerBench.otherRaylet, now: 0, into: &$1) }
        // The home raylet may not know yet that the other is gone, and would name it again.
        #expect(bench.requests.isEmpty && bench.retries.isEmpty)
        bench.fire(.askAgain(second))
        #expect(bench.requests.count == 1, "b asks again")
        #expect(bench.sent.last?.to == OwnerBench.raylet)
        for broken in 1..<Limits.brokenInARow {
            bench.fire(.askPeerAgain(OwnerBench.otherRaylet))
            #expect(bench.returns.count == broken && bench.retries.isEmpty, "it may be there, and so may the worker")
            bench.event { $0.connectionLost(OwnerBench.otherRaylet, now: 0, into: &$1) }
        }
        #expect(bench.retries.count == 1, "a is tried again")
        bench.fire(bench.retries[0].timer)
        bench.grant()
        bench.grant(OwnerBench.secondWorker)
        #expect(Set(bench.pushed) == ["a", "b"])
    }

    @Test("when only the connection to a raylet broke, the next attempt begins when that says the worker is gone")
    func brokenRaylet() throws {
        var bench = OwnerBench()
        bench.submit("a")
        let lease = bench.requests[0].lease
        bench.receive(.leaseSpillback(LeaseSpillback(lease: lease, raylet: OwnerBench.otherRaylet)), from: OwnerBench.raylet)
        bench.receive(
            .leaseGranted(LeaseGranted(lease: lease, worker: OwnerBench.stranger, node: OwnerBench.otherNode)), from: OwnerBench.otherRaylet
        )
        for _ in 1...5 {
            bench.forget()
            bench.event { $0.connectionLost(OwnerBench.otherRaylet, now: 0, into: &$1) }
            bench.event { $0.connectionLost(OwnerBench.otherRaylet, now: 0, into: &$1) }
            #expect(bench.timers.count == 1, "one end may be told twice")
            bench.fire(.askPeerAgain(OwnerBench.otherRaylet))
            #expect(bench.returns.map(\.lease) == [lease] && bench.returns.map(\.workerFailed) == [true])
            #expect(bench.retries.isEmpty)
            // A word from it: it is not gone, however often the connection breaks.
            bench.receive(.leaseSpillback(LeaseSpillback(lease: lease, raylet: OwnerBench.raylet)), from: OwnerBench.otherRaylet)
        }
        bench.submit("b")
        #expect(bench.pushed.isEmpty, "nothing is pushed to a worker that is being ended")
        bench.lose(lease)
        #expect(bench.retries.count == 1)
    }

    @Test("when only the connection to a worker broke, its raylet ends it, and the task is made again after that")
    func brokenConnection() throws {
        var bench = OwnerBench()
        bench.submit("a")
        let lease = try bench.granted()
        bench.event { $0.connectionLost(OwnerBench.worker, now: 0, into: &$1) }
        #expect(bench.returns.isEmpty && bench.retries.isEmpty, "most often the process is gone, and its raylet says so")
        bench.fire(.brokenLease(lease))
        #expect(bench.returns.last?.lease == lease && bench.returns.last?.workerFailed == true)
        #expect(bench.retries.isEmpty)
        bench.lose(lease)
        #expect(bench.retries.count == 1)
    }

    @Test("a task that has ended over a broken connection costs no worker")
    func brokenConnectionWithoutLoss() throws {
        var bench = OwnerBench()
        bench.submit("a")
        let lease = try bench.granted()
        bench.event { $0.connectionLost(OwnerBench.worker, now: 0, into: &$1) }
        bench.finish(bench.pushes[0])
        bench.fire(.brokenLease(lease))
        #expect(bench.returns.isEmpty)
    }
}
