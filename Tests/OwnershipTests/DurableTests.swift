import Ownership
import RayflowCore
import Testing

@Suite("A durable owner and its journal")
struct DurableTests {
    private static let lineage = LineageID(high: 9, low: 1)

    @Test("a pure task has two records, and its end is recorded before its result is ready")
    func order() throws {
        var bench = OwnerBench(isDurable: true)
        bench.submit(lineage: Self.lineage)
        bench.grant()
        bench.finish(bench.pushes[0])
        #expect(bench.records.map(\.kind) == ["submitted", "finished"])
        let story = bench.story
        let recorded = try #require(story.firstIndex(of: "journal finished")), ready = try #require(story.firstIndex(of: "ready"))
        #expect(recorded < ready)
        #expect(try #require(story.firstIndex(of: "journal submitted")) < recorded)
    }

    @Test("the record of an input stands before that of what was made from it")
    func causality() throws {
        var bench = OwnerBench(isDurable: true)
        let a = bench.submit("a", lineage: Self.lineage)
        bench.submit("b", [a.argument], lineage: LineageID(high: 9, low: 2))
        bench.grant()
        bench.finish(bench.pushes[0])
        bench.finish(bench.pushes[1])
        let names = bench.records.compactMap { record in
            if case .finished(let spec, _, _, _, _) = record { spec.function.name } else { nil }
        }
        #expect(names == ["a", "b"])
    }

    @Test("an attempt with side effects is made only after the record of its start is committed")
    func sideEffects() throws {
        var bench = OwnerBench(isDurable: true)
        let task = bench.submit(lineage: Self.lineage) { $0.hasSideEffects = true }
        bench.grant()
        #expect(bench.pushes.isEmpty && bench.story.contains("commit started"))
        bench.event { $0.journalCommitted(task.id, now: 0, into: &$1) }
        #expect(bench.pushes.count == 1)
        bench.event { $0.journalCommitted(task.id, now: 0, into: &$1) }
        #expect(bench.pushes.count == 1)
    }

    @Test("a worker that is lost before the record of a start is committed costs no attempt")
    func lostWhileCommitting() throws {
        var bench = OwnerBench(isDurable: true)
        let task = bench.submit(lineage: Self.lineage) {
            $0.hasSideEffects = true
            $0.maxRetries = 0
        }
        bench.lose(try bench.granted())
        #expect(bench.failure(of: task.ref) == nil)
        bench.grant(OwnerBench.secondWorker)
        bench.event { $0.journalCommitted(task.id, now: 0, into: &$1) }
        #expect(bench.pushes.count == 1 && bench.pushes[0].spec.attempt.number == 1)
    }

    @Test("a large result is visible only when it is in a file; its lease serves others meanwhile")
    func persisted() throws {
        var bench = OwnerBench(isDurable: true)
        let task = bench.submit("a", lineage: Self.lineage)
        bench.submit("b", lineage: LineageID(high: 9, low: 2))
        bench.grant()
        bench.finish(bench.pushes[0], [.large()])
        #expect(bench.story.contains("persist"))
        #expect(bench.owner.state(of: task.ref) == nil && bench.owner.unpersistedState(of: task.ref) != nil)
        #expect(!bench.story.contains("journal finished"))
        #expect(bench.pushed == ["a", "b"])
        bench.finish(bench.pushes[0], [.large()])
        #expect(bench.story.filter { $0 == "persist" }.count == 1, "the reply comes twice, the file is written once")
        bench.event { $0.persisted(task.id, now: 0, into: &$1) }
        #expect(bench.owner.state(of: task.ref) != nil)
        #expect(bench.story.contains("journal finished"))
    }

    @Test("a failure is on record; calls of actors are left to the journal of the actor")
    func failures() {
        var bench = OwnerBench(isDurable: true)
        bench.submit(lineage: Self.lineage)
        bench.grant()
        bench.reply(bench.pushes[0], .failed(oops, isApplicationError: true))
        #expect(bench.records.map(\.kind) == ["submitted", "failed"])
        bench.forget()
        bench.create(.counter, lineage: LineageID(high: 4, low: 4))
        _ = bench.call(.counter, lineage: LineageID(high: 4, low: 5))
        bench.update(.counter, .alive)
        bench.finish(bench.pushes[0])
        #expect(bench.records.map(\.kind) == ["submitted", "actorCreated", "submitted"])
    }

    @Test("an outcome of an earlier epoch is used again, as often as it is asked for, without a record and without a run")
    func history() {
        var bench = OwnerBench(isDurable: true, epoch: 2, history: [Self.lineage: .init(fingerprint: [], states: [.value(42)])])
        let first = bench.submit(lineage: Self.lineage), second = bench.submit(lineage: Self.lineage)
        #expect(bench.value(of: first.ref) == 42 && bench.value(of: second.ref) == 42)
        #expect(bench.records.isEmpty && bench.requests.isEmpty)
        #expect(bench.story.filter { $0 == "task reused" }.count == 2)
        let dependent = bench.submit("g", [first.argument], lineage: LineageID(high: 9, low: 5))
        #expect(bench.requests.count == 1 && bench.owner.state(of: dependent.ref) == nil)
    }

    @Test("an outcome with another fingerprint or another number of results is not used")
    func fingerprints() {
        var bench = OwnerBench(
            isDurable: true, epoch: 2,
            history: [
                Self.lineage: .init(fingerprint: [1], states: [.value(42)]),
                LineageID(high: 9, low: 2): .init(fingerprint: [], states: [.value(1), .value(2)]),
            ])
        let same = bench.submit(bench.spec(lineage: Self.lineage), fingerprint: [1])
        let changed = bench.submit(bench.spec(lineage: Self.lineage), fingerprint: [2])
        let fewer = bench.submit(results: 1, lineage: LineageID(high: 9, low: 2))
        #expect(bench.value(of: same.ref) == 42)
        #expect(bench.owner.state(of: changed.ref) == nil && bench.owner.state(of: fewer.ref) == nil)
        #expect(bench.requests.count == 2)
    }

    @Test("a recorded failure is no outcome, a recorded value that is a failure is")
    func recordedFailure() {
        var bench = OwnerBench(isDurable: true, epoch: 2, history: [Self.lineage: .init(fingerprint: [], states: [.failed(oops)])])
        let task = bench.submit(lineage: Self.lineage)
        #expect(bench.failure(of: task.ref)?.message == "oops")
    }

    @Test("recorded results in files are brought back first; what depends on them waits")
    func load() {
        var bench = OwnerBench(isDurable: true, epoch: 2, history: [Self.lineage: .init(fingerprint: [], states: [], isInFiles: true)])
        let task = bench.submit(lineage: Self.lineage)
        let dependent = bench.submit("g", [task.argument], lineage: LineageID(high: 9, low: 2))
        #expect(bench.story.contains("load") && bench.requests.isEmpty)
        bench.event { $0.loaded(task.id, .init(fingerprint: [], states: [.large()]), now: 0, into: &$1) }
        #expect(bench.owner.state(of: task.ref) != nil)
        #expect(bench.requests.count == 1 && bench.owner.state(of: dependent.ref) == nil)
        #expect(bench.story.contains("task reused"))
    }

    @Test("a file that cannot be read makes its task run again")
    func loadFails() {
        var bench = OwnerBench(isDurable: true, epoch: 2, history: [Self.lineage: .init(fingerprint: [], states: [], isInFiles: true)])
        let task = bench.submit(lineage: Self.lineage)
        bench.event { $0.loaded(task.id, nil, now: 0, into: &$1) }
        bench.grant()
        bench.finish(bench.pushes[0], [.value(5)])
        #expect(bench.value(of: task.ref) == 5)
    }

    @Test("finished children that travel with a task are used again there")
    func children() {
        var bench = OwnerBench(isDurable: true, epoch: 2)
        bench.event { owner, _ in owner.remember([HistoryEntry(lineage: Self.lineage, states: [.value(3)])]) }
        let task = bench.submit(lineage: Self.lineage)
        #expect(bench.value(of: task.ref) == 3)
    }

    @Test("results of a durable task are known by the lineage of the task and their place, others by none")
    func lineages() {
        var bench = OwnerBench(isDurable: true)
        let task = bench.submit(results: 2, lineage: Self.lineage)
        #expect(bench.owner.lineage(of: task.result(0)) == Self.lineage.result(0))
        #expect(bench.owner.lineage(of: task.result(1)) == Self.lineage.result(1))
        #expect(Self.lineage.result(0) != Self.lineage.result(1) && Self.lineage.result(0) != Self.lineage)
        var ephemeral = OwnerBench()
        let other = ephemeral.submit()
        #expect(ephemeral.owner.lineage(of: other.ref).isNone)
    }
}
