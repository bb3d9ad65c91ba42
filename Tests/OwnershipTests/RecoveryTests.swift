import Ownership
import RayflowCore
import Testing

/// Results of tasks that lie on `OwnerBench.node`.
extension OwnerBench {
    /// Grants what is asked for and finishes every task that is pushed with one large result.
    mutating func settle(on node: NodeID = Self.node) {
        var done = 0
        while true {
            grant()
            guard done < pushes.count else { return }
            while done < pushes.count {
                finish(pushes[done], [.large(on: [node])])
                done += 1
            }
        }
    }

    mutating func loseCopies(_ id: ObjectID, on nodes: [NodeID] = [Self.node]) {
        event { $0.lose(id, on: nodes, seen: $0.recoveries, into: &$1) }
    }

    var reports: [(ObjectLost, to: Address)] { sent.compactMap { if case .objectLost(let m) = $0.message { (m, $0.to) } else { nil } } }
}

@Suite("Objects whose copies are lost")
struct RecoveryTests {
    @Test("another copy is as good: nothing runs again")
    func otherCopy() {
        var bench = OwnerBench()
        let task = bench.submit()
        bench.grant()
        bench.finish(bench.pushes[0], [.large(on: [OwnerBench.node, OwnerBench.otherNode])])
        bench.forget()
        bench.loseCopies(task.ref)
        #expect(bench.directives.isEmpty)
        guard case .stored(let nodes, _, _, _)? = bench.owner.state(of: task.ref) else {
            Issue.record("not stored")
            return
        }
        #expect(nodes == [OwnerBench.otherNode])
    }

    @Test("without a copy the task runs again, a retry less, and the object is unfinished until it has")
    func again() throws {
        var bench = OwnerBench()
        let task = bench.submit { $0.maxRetries = 1 }
        bench.settle()
        bench.loseCopies(task.ref)
        #expect(bench.owner.state(of: task.ref) == nil && bench.owner.pendingTasks == 1)
        #expect(bench.pushes.count == 2 && bench.pushes[1].spec.attempt.number == 2)
        bench.finish(bench.pushes[1], [.large(on: [OwnerBench.otherNode])])
        #expect(bench.ready == [task.ref, task.ref])
        bench.loseCopies(task.ref, on: [OwnerBench.otherNode])
        let failure = try #require(bench.failure(of: task.ref))
        #expect(failure.code == .objectLost && failure.reason == .maxAttempts)
        #expect(bench.pushes.count == 2)
    }

    @Test("an attempt that a crash has cost is not there for a recovery")
    func sharedRetries() throws {
        var bench = OwnerBench()
        let task = bench.submit { $0.maxRetries = 1 }
        bench.lose(try bench.granted())
        bench.fire(try #require(bench.retries.last?.timer))
        bench.grant()
        bench.finish(bench.pushes[1], [.large()])
        bench.loseCopies(task.ref)
        #expect(bench.failure(of: task.ref)?.reason == .maxAttempts)
    }

    @Test("a task that may not run twice, and a value that was put, end with their reasons")
    func reasons() {
        var bench = OwnerBench()
        let once = bench.submit { $0.maxRetries = 0 }
        let effects = bench.submit { $0.hasSideEffects = true }
        bench.settle()
        let put = ObjectID(task: bench.spec().id, index: ObjectID.firstPut)
        bench.event { $0.put(put, .large(), lineage: .none, into: &$1) }
        for id in [once.ref, effects.ref, put] { bench.loseCopies(id) }
        #expect(bench.failure(of: once.ref)?.reason == .retriesDisabled)
        #expect(bench.failure(of: effects.ref)?.reason == .retriesDisabled)
        #expect(bench.failure(of: put)?.reason == .put)
        #expect(bench.owner.keptTasks.count == 0)
    }

    @Test("reports of the same loss start one recovery, also those that come when it is over")
    func once() {
        var bench = OwnerBench()
        let task = bench.submit()
        bench.settle()
        let seen = bench.owner.recoveries
        for _ in 0..<10 { bench.event { $0.lose(task.ref, on: [OwnerBench.node], seen: seen, into: &$1) } }
        #expect(bench.pushes.count == 2)
        bench.finish(bench.pushes[1], [.large()])
        for _ in 0..<10 { bench.event { $0.lose(task.ref, on: [OwnerBench.node], seen: seen, into: &$1) } }
        #expect(bench.pushes.count == 2, "what was made again since is not lost with it")
        bench.loseCopies(task.ref)
        #expect(bench.pushes.count == 3)
    }

    @Test("of several results only the lost one is made again; the others have one more copy, or are freed when nobody knows them")
    func severalResults() {
        var bench = OwnerBench()
        let task = bench.submit(results: 3)
        bench.grant()
        bench.finish(bench.pushes[0], [.large(), .large(on: [OwnerBench.otherNode]), .large()])
        bench.release([task.result(2)])
        #expect(bench.deleted == [task.result(2)])
        bench.loseCopies(task.ref)
        #expect(bench.owner.isFinished(task.result(1)) && !bench.owner.isFinished(task.ref))
        let third = NodeID(3), push = bench.pushes[1]
        bench.forget()
        bench.finish(push, (0..<3).map { _ in .large(on: [third]) })
        #expect(bench.ready == [task.ref])
        #expect(bench.deleted == [task.result(2)])
        guard case .stored(let nodes, _, _, _)? = bench.owner.state(of: task.result(1)) else {
            Issue.record("not stored")
            return
        }
        #expect(nodes.contains(OwnerBench.otherNode) && nodes.contains(third))
    }

    @Test("small results cannot be lost: their tasks are not kept")
    func small() {
        var bench = OwnerBench()
        bench.submit()
        bench.grant()
        bench.finish(bench.pushes[0], [.value(1)])
        #expect(bench.owner.keptTasks.count == 0)
    }

    @Test("lost arguments come first: those that nobody needed any more were freed, and are made again down to the first")
    func chain() {
        var bench = OwnerBench()
        var chain = [bench.submit("0")]
        for index in 1..<5 {
            chain.append(bench.submit("\(index)", [chain[index - 1].argument]))
            bench.release([chain[index - 1].ref])
        }
        bench.settle()
        #expect(bench.deleted == chain.dropLast().map(\.ref))
        #expect(bench.owner.keptTasks.count == 5)
        bench.forget()
        bench.loseCopies(chain[4].ref)
        #expect(bench.pushed == ["0"])
        bench.settle()
        #expect(bench.pushed == ["0", "1", "2", "3", "4"])
        #expect(bench.owner.isFinished(chain[4].ref))
        #expect(bench.deleted == chain.dropLast().map(\.ref), "freed again")
        bench.release([chain[4].ref])
        #expect(bench.owner.keptTasks == (0, 0) && bench.owner.objectCount == 0)
    }

    @Test("a chain that is longer than a stack is deep")
    func longChain() {
        var bench = OwnerBench()
        bench.owner.tellsChanges = false
        let count = 4_000
        var last = bench.submit("f") { $0.maxRetries = -1 }
        for _ in 1..<count {
            let next = bench.submit("f", [last.argument]) { $0.maxRetries = -1 }
            bench.release([last.ref])
            last = next
        }
        bench.grant()
        for _ in 0..<2 {
            for _ in 0..<count {
                guard let push = bench.pushes.last else { break }
                bench.forget()
                bench.finish(push, [.large()])
            }
            #expect(bench.owner.isFinished(last.ref))
            bench.forget()
            bench.loseCopies(last.ref)
        }
    }

    @Test("the oldest tasks are kept no longer when there are too many, and then the loss has that reason")
    func evicted() throws {
        var bench = OwnerBench()
        bench.owner.lineageLimit = 1_000
        var chain = [bench.submit("0")]
        for index in 1..<10 {
            chain.append(bench.submit("\(index)", [chain[index - 1].argument]))
            bench.release([chain[index - 1].ref])
        }
        bench.settle()
        let free = bench.submit("free")
        bench.settle()
        #expect(bench.owner.keptTasks.bytes <= 1_000 && bench.owner.keptTasks.count > 0)
        #expect(bench.owner.objectCount < 6, "rows of arguments go with the tasks that were kept for them")
        bench.forget()
        bench.loseCopies(chain[9].ref)
        let failure = try #require(bench.failure(of: chain[9].ref))
        #expect(failure.code == .lineageEvicted && failure.reason == .lineageEvicted)
        #expect(bench.pushes.isEmpty)
        bench.loseCopies(free.ref)
        #expect(bench.pushed == ["free"])
    }

    @Test("an argument that was put and let go cannot be made again, and the error of what needs it says so")
    func freedPut() {
        var bench = OwnerBench()
        let put = ObjectID(task: bench.spec().id, index: ObjectID.firstPut)
        bench.event { $0.put(put, .large(), lineage: .none, into: &$1) }
        let task = bench.submit("f", [.ref(put, owner: OwnerBench.me)])
        bench.release([put])
        bench.settle()
        #expect(bench.deleted == [put])
        bench.loseCopies(task.ref)
        #expect(bench.failure(of: task.ref)?.reason == .put)
        #expect(bench.owner.pendingTasks == 0)
    }

    @Test("small arguments are kept by value for a task that may run again, and counted")
    func smallArgument() {
        var bench = OwnerBench()
        let small = bench.submit("small")
        bench.grant()
        bench.finish(bench.pushes[0], [.value(7)])
        let large = bench.submit("large", [small.argument])
        bench.release([small.ref])
        bench.finish(bench.pushes[1], [.large()])
        bench.loseCopies(large.ref)
        #expect(bench.pushed == ["small", "large", "large"])
        #expect(bench.pushes[2].resolved.first?.state.isInline == true)
        bench.finish(bench.pushes[2], [.large()])
        bench.release([large.ref])
        #expect(bench.owner.objectCount == 0)
    }

    @Test("an object that is made again when nobody needs it any more is freed")
    func unneeded() {
        var bench = OwnerBench()
        let task = bench.submit()
        bench.settle()
        bench.loseCopies(task.ref)
        bench.release([task.ref])
        #expect(bench.owner.knows(task.ref), "its task runs")
        bench.finish(bench.pushes[1], [.large()])
        #expect(bench.deleted == [task.ref] && bench.owner.objectCount == 0 && bench.owner.keptTasks.count == 0)
    }

    @Test("a failed recovery is what who waits gets; a recovery can be cancelled")
    func failed() {
        var bench = OwnerBench()
        let thrown = bench.submit("thrown"), cancelled = bench.submit("cancelled")
        bench.settle()
        bench.forget()
        bench.loseCopies(thrown.ref)
        bench.reply(bench.pushes[0], .failed(oops, isApplicationError: true))
        #expect(bench.failure(of: thrown.ref)?.message == "oops")
        bench.loseCopies(cancelled.ref)
        bench.event { $0.cancel(cancelled.ref, force: false, into: &$1) }
        bench.reply(bench.pushes[1], .cancelled)
        #expect(bench.failure(of: cancelled.ref)?.code == .cancelled)
        #expect(bench.owner.pendingTasks == 0)
    }
}
