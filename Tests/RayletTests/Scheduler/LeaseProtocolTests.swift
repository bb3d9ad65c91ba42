import RayflowCore
import Testing

@testable import Raylet

@Suite("Lease protocol") struct LeaseProtocolTests {
    @Test("a request gets a spawned worker once it has registered") func grantAfterRegistration() throws {
        var bench = RayletBench()
        let lease = try bench.request()
        #expect(bench.spawned.count == 1)
        #expect(bench.raylet.explain(lease) == .workerStarts)
        #expect(bench.grants(of: lease) == 0)
        bench.registerAll()
        #expect(bench.worker(of: lease) == bench.raylet.workerAddress(bench.spawned[0]))
        #expect(bench.raylet.available == .cpus(1))
        #expect(bench.reports.last == .cpus(1))
    }

    @Test("a returned worker serves the next request of its job without a new process") func reuse() throws {
        var bench = RayletBench()
        let first = try bench.request()
        bench.registerAll()
        let process = bench.process(of: first)
        bench.giveBack(first)
        #expect(bench.raylet.available == .cpus(2))
        let second = try bench.request()
        #expect(bench.process(of: second) == process)
        #expect(bench.spawned.count == 1)
    }

    @Test("a worker serves only its own job") func jobsDoNotShareWorkers() throws {
        var bench = RayletBench()
        let first = try bench.request()
        bench.registerAll()
        bench.giveBack(first)
        let second = try bench.request(job: JobID(2))
        #expect(bench.worker(of: second) == nil)
        #expect(bench.spawned.count == 2)
    }

    @Test("a repeated request gets the same answer and no second worker") func duplicateGrant() throws {
        var bench = RayletBench()
        let lease = try bench.request()
        _ = try bench.request(lease: lease)
        bench.registerAll()
        #expect(bench.grants(of: lease) == 1)
        _ = try bench.request(lease: lease)
        #expect(bench.grants(of: lease) == 2)
        #expect(bench.raylet.available == .cpus(1))
        #expect(bench.spawned.count == 1)
        #expect(bench.raylet.counters.duplicates == 2)
    }

    @Test("a request repeated after its lease was given back gets no worker") func duplicateAfterReturn() throws {
        var bench = RayletBench()
        let lease = try bench.request()
        bench.registerAll()
        bench.giveBack(lease)
        _ = try bench.request(lease: lease)
        #expect(bench.rejection(of: lease)?.code == .cancelled)
        #expect(bench.raylet.available == .cpus(2))
    }

    @Test("giving a lease back twice, or one that is unknown, changes nothing") func idempotentReturn() throws {
        var bench = RayletBench()
        let lease = try bench.request()
        bench.registerAll()
        bench.giveBack(lease)
        bench.giveBack(lease)
        bench.giveBack(LeaseID(owner: 5, number: 5))
        #expect(bench.raylet.available == .cpus(2))
        #expect(bench.killed.isEmpty)
    }

    @Test("a cancelled request leaves the queue and gets no answer") func cancel() throws {
        var bench = RayletBench(cpus: 1)
        _ = try bench.request()
        let second = try bench.request()
        bench.receive(.cancelLease(CancelLease(lease: second)), from: RayletBench.driver)
        bench.registerAll()
        #expect(bench.raylet.explain(second) == nil)
        #expect(bench.grants(of: second) == 0)
        #expect(bench.raylet.counters.cancelled == 1)
    }

    @Test("a cancellation that overtakes its request leaves a tombstone") func cancelBeforeRequest() throws {
        var bench = RayletBench()
        let lease = LeaseID(owner: 1000, number: 77)
        bench.receive(.cancelLease(CancelLease(lease: lease)), from: RayletBench.driver)
        _ = try bench.request(lease: lease)
        #expect(bench.rejection(of: lease)?.code == .cancelled)
        #expect(bench.spawned.isEmpty)
    }

    @Test("a cancellation that crosses the grant leaves the lease to be given back") func cancelAfterGrant() throws {
        var bench = RayletBench()
        let lease = try bench.request()
        bench.registerAll()
        bench.receive(.cancelLease(CancelLease(lease: lease)), from: RayletBench.driver)
        #expect(bench.worker(of: lease) != nil)
        bench.giveBack(lease)
        #expect(bench.raylet.available == .cpus(2))
    }

    @Test("nobody but its requester cancels or returns a lease") func foreignMessages() throws {
        var bench = RayletBench()
        let lease = try bench.request()
        let stranger = Address(node: 7, entity: 666)
        bench.receive(.cancelLease(CancelLease(lease: lease)), from: stranger)
        bench.registerAll()
        bench.giveBack(lease, from: stranger)
        _ = try bench.request(from: stranger, lease: lease)
        #expect(bench.worker(of: lease) != nil)
        #expect(!bench.sent.contains { $0.to == stranger })
        #expect(bench.raylet.counters.unexpected == 2)
    }

    @Test("amounts that no request may have are refused without arithmetic", arguments: [-1, Int64.min, Int64.max])
    func implausibleAmounts(_ amount: Int64) {
        var bench = RayletBench()
        var resources = ResourceSet()
        resources["CPU"] = amount
        let lease = LeaseID(owner: 1, number: 1)
        bench.receive(
            .requestLease(
                RequestLease(
                    lease: lease, attempt: Attempt(epoch: 1, number: 1), job: RayletBench.job, kind: .task, resources: resources,
                    priority: 0, dependencies: [], hops: 0, backlog: 0)), from: RayletBench.driver)
        #expect(bench.rejection(of: lease)?.code == .invalidArgument)
    }

    @Test("messages for others are counted and change nothing") func unexpected() {
        var bench = RayletBench()
        bench.receive(.killActor(KillActor(actor: .none(in: JobID(1)), noRestart: true)), from: .gcs)
        bench.receive(.blocked(Blocked(process: 5, isBlocked: true)), from: RayletBench.driver)
        bench.exit(12345)
        #expect(bench.raylet.counters.unexpected == 3)
        #expect(bench.sent.isEmpty)
    }

    @Test("the record of answers is bounded") func boundedAnswers() throws {
        var bench = RayletBench(remembered: 10)
        for number in 0..<500 {
            bench.receive(.cancelLease(CancelLease(lease: LeaseID(owner: 3, number: UInt64(number)))), from: RayletBench.driver)
        }
        #expect(bench.raylet.answers.count == 10)
        #expect(bench.raylet.answers[LeaseID(owner: 3, number: 499)] != nil)
        #expect(bench.raylet.answers[LeaseID(owner: 3, number: 489)] == nil)
    }

    @Test("the same event twice leaves the same answer on record") func answerLogKeepsNewest() {
        var log = AnswerLog(limit: 2)
        let a = LeaseID(owner: 1, number: 1), b = LeaseID(owner: 1, number: 2), c = LeaseID(owner: 1, number: 3)
        log.record(a, .ended, hops: 0)
        log.record(b, .ended, hops: 0)
        log.record(a, .spillback(.gcs), hops: 1)
        log.record(c, .ended, hops: 0)
        #expect(log[a]?.answer == .spillback(.gcs))
        #expect(log[b] == nil)
        #expect(log.count == 2)
    }
}
