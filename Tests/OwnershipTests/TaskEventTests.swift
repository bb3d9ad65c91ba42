@testable import Ownership
import RayflowCore
import Testing

@Suite("What the GCS hears of tasks")
struct TaskEventTests {
    private func bench() -> OwnerBench {
        var bench = OwnerBench()
        bench.owner.reportsTasks = true
        return bench
    }

    private func reports(_ bench: OwnerBench) -> [TaskEvents] {
        bench.sent.compactMap { if case .taskEvents(let m) = $0.message { m } else { nil } }
    }

    @Test("the states of a task are sent together, each with its time, and nothing is sent when nothing happens")
    func together() throws {
        var bench = bench()
        bench.submit("a") { $0.name = "first" }
        bench.owner.stampEvents(wallNS: 10)
        bench.grant()
        bench.finish(try #require(bench.pushes.last))
        bench.owner.stampEvents(wallNS: 20)
        #expect(reports(bench).isEmpty)
        bench.fire(.taskEvents)
        let events = try #require(reports(bench).first).events
        #expect(events.map(\.state) == [.queued, .running, .finished])
        #expect(events.map(\.wallNS) == [10, 20, 20])
        #expect(Set(events.map(\.name)) == ["first"])
        #expect(bench.timers.count { $0.timer == .taskEvents } == 1, "idle, it sets no clock")
    }

    @Test("a failure and a cancellation carry their reason; a further attempt is told of as such")
    func failures() throws {
        var bench = bench()
        bench.submit("a")
        let lease = try bench.granted()
        bench.lose(lease)
        let task = bench.submit("b")
        bench.event { $0.cancel(task.result(0), force: false, into: &$1) }
        bench.fire(.taskEvents)
        let events = try #require(reports(bench).first).events
        let retry = try #require(events.first { $0.state == .retrying })
        #expect(retry.message == "the worker is gone" && retry.attempt.number == 2)
        #expect(events.contains { $0.state == .cancelled && $0.name == "b" })
    }

    @Test("of too many tasks at a time the first are told of, to their end, and the rest is counted")
    func tooMany() throws {
        var bench = bench()
        let count = Limits.newlyReportedTasks + 3
        for _ in 0..<count { bench.submit("a") }
        bench.fire(.taskEvents)
        let first = try #require(reports(bench).first)
        #expect(first.events.count == Limits.newlyReportedTasks && first.dropped == 3)
        bench.grant()
        for _ in 0..<count { bench.finish(try #require(bench.pushes.last), executionNS: 2_000_000) }
        bench.fire(.taskEvents)
        let second = try #require(reports(bench).last)
        // The three that were not told of in time are told of when they begin.
        #expect(second.events.count == 2 * count && second.dropped == 0)
        #expect(second.events.count { $0.state == .finished } == count)
    }

    @Test("a report has its limit, and a task that nobody has heard of does not appear with a good end")
    func limits() {
        var buffer = TaskEventBuffer(), admitted = 0
        for _ in 0..<Limits.heldTaskEvents {
            if buffer.admits(isKnown: true, isGoodEnd: true) { admitted += 1 }
            _ = buffer.append(
                TaskEvent(
                    task: TaskID(unique: 1, actor: .none(in: JobID(1))), attempt: Attempt(epoch: 1, number: 1), state: .running, wallNS: 0,
                    name: "", message: ""))
        }
        let beyond = buffer.admits(isKnown: true, isGoodEnd: false), dropped = buffer.take().dropped
        #expect(admitted == Limits.heldTaskEvents && !beyond && dropped == 1)
        let goodEnd = buffer.admits(isKnown: false, isGoodEnd: true), start = buffer.admits(isKnown: false, isGoodEnd: false)
        #expect(!goodEnd && start)
    }
}
