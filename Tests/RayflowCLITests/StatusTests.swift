import RayflowCore
import Testing
@testable import RayflowCLI
@testable import Workflow

@Suite("The state of a run")
struct StatusTests {
    private func model(_ steps: [UnitReport], _ result: RunReport.Result = .running) -> StatusModel {
        StatusModel(RunReport(run: "r1", workflow: "w", result: result, steps: steps).json)
    }

    private func step(_ id: String, _ status: StepStatus, attempts: Int = 1, _ change: (inout UnitReport) -> Void = { _ in }) -> UnitReport
    {
        var step = UnitReport(id, status, attempts: attempts)
        change(&step)
        return step
    }

    @Test("retries, doubts, reasons and waits are shown; who answered comes first")
    func text() {
        let steps = [
            step("a", .succeeded, attempts: 3) { $0.inDoubt = 1 },
            step("bb", .failed) { $0.failure = StepFailure(.failure, "exit status 3\nmore") },
            step("c", .pending, attempts: 0) { $0.waits = "a" },
        ]
        let text = StatusText(model: model(steps, .failure), source: "12:00, told by its journal").text
        #expect(
            text == """
                run r1 of w: failure
                  as of 12:00, told by its journal
                  a   succeeded  3 attempts, 1 in doubt: may have run twice
                  bb  failed     exit status 3
                  c   pending    waits for a
                """)
    }

    @Test("what the scheduler says of a step that waits in it stands in place of a guess")
    func pending() {
        var report = RunReport(run: "r1", workflow: "w", result: .running, steps: [step("a", .running) { $0.waits = "resources" }])
        report.explain(["a": .resource("CPU", missing: 5_000, hopsSpent: false)])
        #expect(StatusText(model: StatusModel(report.json), source: "s").text.hasSuffix("a  running  short of CPU by 0.5"))
        #expect(report.json["steps"]?.arrayValue?.first?["pending"]?["code"]?.stringValue == "resource")
    }

    @Test("a table has a column for each field with a value, tells who answered and what was left out")
    func table() {
        var answer = StateAnswer(
            table: .tasks,
            rows: [
                ["task": "1", "name": "add", "error": "", "times": [1]], ["task": "22", "name": "sub\u{1B}", "error": "no\nmore"],
            ], total: 5, isLive: true, milliseconds: 0, source: "now, told by me")
        answer.eventsLeftOut = 3
        #expect(
            StateText(answer).text == """
                tasks as of now, told by me
                  task  name  error
                  1     add
                  22    sub\u{FFFD}  no
                  2 of 5 rows; --limit shows more
                  3 events of tasks were left out: too many came at a time
                """)
        answer.rows = []
        answer.total = 0
        #expect(StateText(answer).text.contains("none"))
        #expect(answer.json["source"] == "live")
    }

    @Test("--failed leaves what has not failed out, also among items")
    func failed() {
        var fan = step("fan", .failed)
        fan.adopt([step("fan[a]", .succeeded), step("fan[b]", .failed)])
        let text = StatusText(model: model([step("ok", .succeeded), fan], .failure), source: "s", onlyFailed: true).text
        #expect(text.contains("fan[b]") && !text.contains("fan[a]") && !text.contains("ok"))
        #expect(StatusText(model: model([]), source: "s", onlyFailed: true).text.hasSuffix("no step has failed"))
    }

    @Test("two looks at a run in another process give the events of between")
    func diff() {
        var open = step("fan", .running)
        open.adopt([step("fan[a]", .running), step("fan[b]", .waiting, attempts: 0)])
        var done = step("fan", .failed)
        done.adopt([step("fan[a]", .succeeded), step("fan[b]", .failed) { $0.failure = StepFailure(.failure, "x") }])
        let (first, second) = (model([step("a", .succeeded), open]), model([step("a", .succeeded), done]))

        #expect(
            ReportDiff.events(from: nil, to: first) == [
                .ended("a", .succeeded), .expanded(step: "fan", items: 2), .started(position: "fan[a]", attempt: 1),
            ])
        #expect(
            ReportDiff.events(from: first, to: second) == [
                .ended("fan[a]", .succeeded), .ended("fan[b]", .failed), .failure("fan[b]", "x"),
            ])
        #expect(ReportDiff.events(from: second, to: second).isEmpty)
    }

    @Test("an answer that is no report shows as unknown, and does no harm")
    func garbage() {
        let model = StatusModel(["steps": [1, ["id": "x"]]])
        #expect(model.steps.map(\.id) == ["?", "x"])
        #expect(StatusText(model: model, source: "s").text.contains("?"))
    }

    @Test("a plan shows the steps in waves, each after what it waits for")
    func plan() throws {
        let text = """
            rayflow: 1
            steps:
              last: {run: "true", needs: [a, b]}
              a: {run: "true"}
              b: {for-each: [1, 2], command: ["true"]}
            """
        let workflow = try WorkflowLoader.load(text: text, file: "p.yaml")
        #expect(
            PlanText(workflow: workflow, inputs: ["n": 3]).text == """
                p: 3 steps
                inputs:
                  n: 3
                wave 1:
                  a: run
                  b: command, for each item
                wave 2:
                  last: run, after a, b
                """)
    }
}
