import Glibc
import RayflowCore
import Testing
@testable import RayflowCLI
@testable import Workflow

@Suite("What a run writes while it goes on")
struct DisplayTests {
    private let page = Page()

    private func live(columns: Int = 80) -> LiveView { LiveView(outlet: page.outlet, columns: { columns }) }

    @Test("plain lines say what has happened, and nothing about what goes as planned before that")
    func plain() {
        var view = PlainView(outlet: page.outlet)
        view.begin(run: "r1", workflow: "hello", steps: 2, isResumed: false, now: 0)
        view.on(.submitted(position: "greet", attempt: 1, rerun: nil), now: 0)
        view.on(.started(position: "greet", attempt: 1), now: 0)
        view.on(.done("greet"), now: 0)
        view.on(.finished(position: "shout", status: .succeeded, attempt: 1, nanoseconds: nil, isReused: true), now: 0)
        view.on(.ended("late", .skipped), now: 0)
        view.on(.ended("bad", .failed), now: 0)
        view.on(.failure("bad", "exit status 3"), now: 0)
        #expect(
            page.lines == [
                "hello: run r1, 2 steps", "step greet finished in 12 ms", "step shout was finished before", "step late skipped",
                "step bad failed",
            ])
    }

    @Test("plain lines leave the reasons to the summary, as far as it has room for them")
    func plainFailures() {
        var view = PlainView(outlet: page.outlet)
        for number in 1...4 { view.on(.failure("s\(number)", "exit status 3"), now: 0) }
        view.on(.failure("t", "exit status 3", isTolerated: true), now: 0)
        #expect(
            page.lines == [
                "step s1 failed", "step s2 failed", "step s3 failed", "step s4 failed: exit status 3",
                "step t failed, which is tolerated: exit status 3",
            ])
    }

    @Test("what cannot be written is told by its reason")
    func fullDevice() throws {
        let file = open("/dev/full", O_WRONLY)
        try #require(file >= 0)
        defer { close(file) }
        #expect(Outlet.send([1], to: file) == ENOSPC)
        #expect(Outlet.send([], to: file) == 0)
    }

    @Test("a retry names its attempt, its pause and the failure before it")
    func retry() {
        let failure = StepFailure(.failure, "exit status 75")
        let line = EventText.line(.retrying(position: "load", nextAttempt: 2, afterNanoseconds: 2_500_000_000, failure: failure))
        #expect(line == "step load failed: exit status 75; attempt 2 in 2.5 s")
    }

    @Test("a step that runs again says why")
    func rerun() {
        let line = EventText.line(.submitted(position: "load", attempt: 2, rerun: .inDoubt))
        #expect(line == "step load runs again (attempt 2): nobody knows whether its last attempt ended")
    }

    @Test("what steps wrote cannot move the cursor")
    func control() {
        #expect(EventText.line(.failure("x", "\u{1B}[2Jgone")) == "step x failed: \u{FFFD}[2Jgone")
    }

    @Test("the live block is drawn over itself, and takes itself away at the end")
    func block() {
        var view = live()
        view.begin(run: "r1", workflow: "hello", steps: 2, isResumed: false, now: 0)
        #expect(page.text == "hello r1: 0 of 2 done, 0 running, <1 ms\n")
        page.clear()
        view.on(.started(position: "greet", attempt: 1), now: 0)
        view.tick(now: 1_500_000_000)
        #expect(page.text == "\r\u{1B}[1A\u{1B}[Jhello r1: 0 of 2 done, 1 running, 1.5 s\n  greet  1.5 s\n")
        page.clear()
        view.on(.done("greet"), now: 0)
        view.tick(now: 2_000_000_000)
        #expect(page.text == "\r\u{1B}[2A\u{1B}[Jhello r1: 1 of 2 done, 0 running, 2.0 s\n")
        page.clear()
        view.end(now: 0)
        #expect(page.text == "\r\u{1B}[1A\u{1B}[J")
    }

    @Test("a failure stays above the live block")
    func failureAbove() {
        var view = live()
        view.begin(run: "r1", workflow: "w", steps: 1, isResumed: false, now: 0)
        page.clear()
        view.on(.ended("bad", .failed), now: 0)
        view.on(.failure("bad", "exit status 3"), now: 0)
        view.tick(now: 0)
        #expect(page.text == "\r\u{1B}[1A\u{1B}[Jstep bad failed: exit status 3\nw r1: 1 of 1 done, 0 running, 1 failed, <1 ms\n")
    }

    @Test("the live block never hides the cursor and never wraps a line")
    func width() {
        var view = live(columns: 30)
        view.begin(run: "0123456789", workflow: "workflow", steps: 1, isResumed: false, now: 0)
        view.on(.started(position: String(repeating: "long", count: 20), attempt: 1), now: 0)
        view.tick(now: 0)
        view.end(now: 0)
        #expect(!page.text.contains("?25l"))
        #expect(page.text.split(separator: "\n").allSatisfy { $0.drop { $0 != "J" }.count < 31 && $0.suffix(29).count <= 29 })
    }

    @Test("many running steps are counted, not listed")
    func many() {
        var view = live()
        view.begin(run: "r1", workflow: "w", steps: 1, isResumed: false, now: 0)
        view.on(.expanded(step: "s", items: 10), now: 0)
        for item in 0..<10 { view.on(.started(position: "s[\(item)]", attempt: 1), now: 0) }
        page.clear()
        view.tick(now: 0)
        #expect(page.lines.first?.contains("0 of 10 done, 10 running") == true)
        #expect(page.lines.last == "  and 4 more")
    }

    @Test("quiet shows nothing of it")
    func silent() {
        var view = SilentView(outlet: page.outlet)
        view.begin(run: "r1", workflow: "w", steps: 1, isResumed: false, now: 0)
        view.on(.failure("bad", "x"), now: 0)
        view.end(now: 0)
        #expect(page.text.isEmpty)
    }

    @Test(
        "times are as short as they can be read",
        arguments: [
            (UInt64(0), "<1 ms"), (999_999, "<1 ms"), (1_000_000, "1 ms"), (999_000_000, "999 ms"), (1_000_000_000, "1.0 s"),
            (59_950_000_000, "59.9 s"), (60_000_000_000, "1 min 0 s"), (3_599_000_000_000, "59 min 59 s"), (7_260_000_000_000, "2 h 1 min"),
        ])
    func spans(nanoseconds: UInt64, text: String) { #expect(TimeText.span(nanoseconds) == text) }
}

@Suite("Counting a run's events")
struct TallyTests {
    @Test("a fan-out counts as its items, and as none when it has none")
    func fanOut() {
        var tally = Tally(steps: 2)
        tally.on(.expanded(step: "a", items: 3), now: 0)
        tally.on(.expanded(step: "b", items: 0), now: 0)
        #expect(tally.total == 3)
    }

    @Test("what waits for its next attempt does not run")
    func retrying() {
        var tally = Tally(steps: 1)
        tally.on(.started(position: "a", attempt: 1), now: 5)
        #expect(tally.running.map(\.position) == ["a"])
        tally.on(.retrying(position: "a", nextAttempt: 2, afterNanoseconds: 1, failure: StepFailure(.failure, "x")), now: 6)
        #expect(tally.running.isEmpty)
        tally.on(.started(position: "a", attempt: 2), now: 7)
        #expect(tally.running.first?.since == 7)
    }

    @Test("each end is counted once, as what it is", arguments: StepStatus.allCases.filter(\.isEnded))
    func ends(status: StepStatus) {
        var tally = Tally(steps: 1)
        tally.on(.started(position: "a", attempt: 1), now: 0)
        tally.on(.ended("a", status), now: 0)
        #expect(tally.ended == 1)
        #expect(tally.running.isEmpty)
        #expect((tally.succeeded == 1) == (status == .succeeded))
        #expect((tally.failed == 1) == (status == .failed || status == .timedOut))
    }
}
