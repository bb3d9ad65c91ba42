import Ownership
import RayflowCore
import Testing

@Suite("The owner of tasks")
struct TaskTests {
    @Test("a task without dependencies asks for a lease, is pushed on the grant, and its result is ready with the reply")
    func simple() throws {
        var bench = OwnerBench()
        let task = bench.submit()
        #expect(bench.requests.count == 1)
        #expect(bench.requests.first?.resources == .cpus(1))
        #expect(bench.sent.first?.to == OwnerBench.raylet)
        #expect(bench.pushes.isEmpty && bench.owner.state(of: task.ref) == nil)

        bench.grant()
        let push = try #require(bench.pushes.first)
        var expected = task
        expected.sequence = 1
        #expect(push.spec == expected)
        bench.finish(push, [.value(9)])
        #expect(bench.ready == [task.ref])
        #expect(bench.value(of: task.ref) == 9)
        #expect(bench.owner.pendingTasks == 0)
    }

    @Test("a task waits for each of its dependencies, nested in lists too, and for each only once")
    func counters() throws {
        var bench = OwnerBench()
        let a = bench.submit("a"), b = bench.submit("b")
        bench.submit("sum", [a.argument, .gather([b.argument, a.argument, .value(EnclosedPayload(Payload(type: "Int", bytes: [5])))])])
        bench.grant()
        bench.grant(OwnerBench.secondWorker)
        #expect(bench.pushed == ["a", "b"])
        bench.finish(bench.pushes[0], [.value(1)])
        #expect(bench.pushed == ["a", "b"])
        bench.finish(bench.pushes[1], [.value(2)], from: OwnerBench.secondWorker)
        #expect(bench.pushed == ["a", "b", "sum"])

        let resolved = bench.pushes[2].resolved
        #expect(Set(resolved.map(\.id)) == [a.ref, b.ref])
        #expect(resolved.allSatisfy { $0.state.isInline && $0.owner == OwnerBench.me }, "small values travel inside the push")
    }

    @Test("a large dependency travels as its place, and the request names it so that the raylet can bring it")
    func largeDependency() throws {
        var bench = OwnerBench()
        let put = ObjectID(task: bench.spec().id, index: ObjectID.firstPut)
        bench.event { $0.put(put, .large(on: [OwnerBench.otherNode], size: 77), lineage: .none, into: &$1) }
        bench.submit("f", [.ref(put, owner: OwnerBench.me)])
        let needed = try #require(bench.requests.first?.dependencies)
        #expect(needed == [Dependency(id: put, owner: OwnerBench.me, nodes: [OwnerBench.otherNode], size: 77)])
        bench.grant()
        guard case .stored(let nodes, 77, _, _)? = bench.pushes.first?.resolved.first?.state else {
            Issue.record("not stored")
            return
        }
        #expect(nodes == [OwnerBench.otherNode])
    }

    @Test("a chain of tasks moves by events alone")
    func chain() throws {
        var bench = OwnerBench()
        var last = bench.submit("0")
        for index in 1..<50 { last = bench.submit("\(index)", [last.argument]) }
        bench.grant()
        for index in 0..<50 {
            #expect(bench.pushes.count == index + 1)
            bench.finish(bench.pushes[index])
        }
        #expect(bench.pushed == (0..<50).map { "\($0)" })
        #expect(bench.requests.count == 1, "one lease serves the whole chain")
        #expect(bench.value(of: last.ref) == 1)
    }

    @Test("several results become ready together, each in its place")
    func severalResults() {
        var bench = OwnerBench()
        let task = bench.submit(results: 3)
        bench.grant()
        bench.finish(bench.pushes[0], [.value(1), .large(), .value(3)])
        #expect(bench.ready == task.results)
        #expect(bench.value(of: task.result(2)) == 3)
    }

    @Test("a reply with the wrong number of results is a typed failure")
    func wrongCount() {
        var bench = OwnerBench()
        let task = bench.submit(results: 2)
        bench.grant()
        bench.finish(bench.pushes[0], [.value(1)])
        #expect(task.results.allSatisfy { bench.failure(of: $0)?.code == .typeMismatch })
    }

    @Test("an error flows to all that depend on it, and none of them runs")
    func errorsFlow() {
        var bench = OwnerBench()
        let a = bench.submit("a"), healthy = bench.submit("healthy")
        let b = bench.submit("b", [a.argument, healthy.argument]), c = bench.submit("c", [.gather([b.argument])])
        bench.grant()
        bench.reply(bench.pushes[0], .failed(oops, isApplicationError: true))
        #expect(bench.failure(of: a.ref)?.message == "oops")
        #expect(bench.failure(of: b.ref)?.message == "oops")
        #expect(bench.failure(of: c.ref)?.message == "oops")
        #expect(bench.failure(of: c.ref)?.task == "a", "the task that failed first")
        #expect(Set(bench.pushed) == ["a", "healthy"])
        let late = bench.submit("late", [c.argument])
        #expect(bench.failure(of: late.ref)?.message == "oops")
        #expect(bench.owner.pendingTasks == 1)
    }

    @Test("an argument that is not known here any more is a typed failure, never a wait without end")
    func unknownArgument() {
        var bench = OwnerBench()
        let gone = bench.spec("gone")
        let task = bench.submit("f", [gone.argument])
        #expect(bench.failure(of: task.ref)?.code == .objectLost)
        #expect(bench.owner.pendingTasks == 0)
    }

    @Test("a reply of an earlier attempt, for another lease or for the second time changes nothing")
    func staleReplies() throws {
        var bench = OwnerBench()
        let a = bench.submit("a")
        let lease = try bench.granted()
        let first = bench.pushes[0]
        bench.lose(lease)
        bench.fire(try #require(bench.retries.first?.timer))
        bench.grant()
        let second = bench.pushes[1]
        #expect(second.spec.attempt.number == 2 && second.lease != lease)
        bench.finish(first, [.value(66)])
        #expect(bench.owner.state(of: a.ref) == nil)
        var wrong = second
        wrong.lease = LeaseID(owner: 5, number: 5)
        bench.finish(wrong, [.value(67)])
        #expect(bench.owner.state(of: a.ref) == nil)
        bench.finish(second, [.value(3)])
        #expect(bench.value(of: a.ref) == 3)

        // The lease serves the next task; the reply of the one before comes once more.
        let b = bench.submit("b"), c = bench.submit("c") { $0.maxRetries = 0 }
        #expect(bench.pushed == ["a", "a", "b"])
        bench.finish(second, [.value(3)])
        #expect(bench.pushed == ["a", "a", "b"], "what may not run twice waits for a worker of its own")
        bench.finish(bench.pushes[2], [.value(4)])
        #expect(bench.value(of: b.ref) == 4)
        bench.finish(bench.pushes[3], [.value(5)])
        #expect(bench.value(of: c.ref) == 5)
    }

    @Test("so many tasks may be pending, the next one fails and says so")
    func limit() {
        var bench = OwnerBench()
        bench.owner.pendingTaskLimit = 3
        for _ in 0..<3 { bench.submit() }
        let beyond = bench.submit(results: 2)
        #expect(beyond.results.allSatisfy { bench.failure(of: $0)?.code == .tooManyPending })
        bench.grant()
        bench.finish(bench.pushes[0])
        let next = bench.submit()
        #expect(bench.owner.state(of: next.ref) == nil)
    }

    @Test("progress is told in order: queued, running, finished")
    func changes() {
        var bench = OwnerBench()
        bench.submit()
        bench.grant()
        bench.finish(bench.pushes[0])
        #expect(bench.story.filter { $0.hasPrefix("task") } == ["task queued", "task running", "task finished"])
    }
}
