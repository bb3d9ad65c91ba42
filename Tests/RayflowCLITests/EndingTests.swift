import Rayflow
import RayflowCore
import Testing
@testable import RayflowCLI
@testable import Workflow

@Suite("What a run writes when it is over")
struct EndingTests {
    private func ending(_ result: RunReport.Result, _ events: [RunEvent] = [], message: String = "", typed: [String] = ["Scripts/rayflow"])
        -> String
    {
        var failures = FailureList()
        for event in events { failures.on(event) }
        var report = RunReport(run: "r1-w", workflow: "w", result: result, message: message)
        report.steps = [UnitReport("a", .succeeded)]
        return Ending(report: report, failures: failures, program: Program(registry: Registry(), commands: [], arguments: typed)).text
    }

    @Test("hints name the folder of the runs when it was given", arguments: [["--home", "my runs"], ["--home=my runs"]])
    func home(option: [String]) {
        let text = ending(.failure, [.failure("load", "exit status 3")], typed: ["rayflow", "run", "w.yaml"] + option)
        #expect(text.hasSuffix("  log:    rayflow logs r1-w load --home 'my runs'\n  resume: rayflow resume r1-w --home 'my runs'"))
    }

    @Test("a failure shows the step, its reason, the end of its log and what to type next")
    func failure() {
        let text = ending(.failure, [.failure("load[a b]", "exit status 3", tail: ["one", "two"])], message: "step 'load' failed: …")
        #expect(
            text == """
                step load[a b] failed: exit status 3
                  the end of its log:
                  | one
                  | two
                run r1-w failed
                  log:    Scripts/rayflow logs r1-w 'load[a b]'
                  resume: Scripts/rayflow resume r1-w
                """)
    }

    @Test("a tolerated failure is none")
    func tolerated() {
        #expect(!ending(.failure, [.failure("a", "x", isTolerated: true)], message: "m").contains("step a failed"))
    }

    @Test("of many failures the first ones are shown and the others counted")
    func many() {
        let text = ending(.failure, (1...5).map { .failure("s\($0)", "x") })
        #expect(text.contains("step s3 failed") && !text.contains("step s4 failed"))
        #expect(text.contains("and 2 more; all of them: Scripts/rayflow status r1-w --failed"))
    }

    @Test("what no step has said stands with the verdict")
    func message() {
        #expect(ending(.fault, message: "disk full").hasPrefix("run r1-w stopped by a fault: disk full\n"))
        #expect(ending(.failure, message: "the workflow's outputs: x").hasPrefix("run r1-w failed: the workflow's outputs: x\n"))
    }

    @Test("a success is one line")
    func success() { #expect(ending(.success) == "run r1-w succeeded: 1 step") }

    @Test("outputs: texts are plain, all else is JSON, and what is long is broken up")
    func outputs() {
        let list = JSON.array((0..<30).map { ["n": .int($0)] })
        let text = OutputText.lines(["text": "hello, world", "lines": "a\nb", "n": 3, "none": nil, "pair": [1, "x"], "list": list])
        #expect(text.hasPrefix("text: hello, world\nlines:\n  a\n  b\nn: 3\nnone: null\npair: [1,\"x\"]\nlist: [\n  {\"n\":0},\n"))
        #expect(text.hasSuffix("  {\"n\":29}\n]\n"))
    }

    @Test(
        "words for a shell are quoted where they have to be", arguments: [("a", "a"), ("a b", "'a b'"), ("it's", "'it'\\''s'"), ("", "''")])
    func quoting(word: String, quoted: String) { #expect(Ending.quoted(word) == quoted) }

    @Test(
        "the exit status tells how a run ended",
        arguments: [
            (RunReport.Result.success, Int32(0)), (.failure, 1), (.timedOut, 4), (.fault, 5), (.cancelled, 130), (.interrupted, 5),
        ])
    func status(result: RunReport.Result, status: Int32) { #expect(ExitStatus.of(result) == status) }

    @Test("as JSON an ended run has one of three results, with the reason beside it")
    func results() {
        for (result, word) in [(RunReport.Result.timedOut, "timed-out"), (.fault, "fault")] {
            let json = ReportForm.json(RunReport(run: "r", workflow: "w", result: result).json)
            #expect(json["result"] == "failure")
            #expect(json["reason"] == .string(word))
        }
        #expect(ReportForm.json(RunReport(run: "r", workflow: "w", result: .cancelled).json)["result"] == "cancelled")
    }

    @Test("a run that did not begin has the same form, with the places of the faults")
    func notStarted() throws {
        let faults = try #require(throws: Diagnostics.self) { try WorkflowLoader.load(text: "rayflow: 1\nstep: {}\n", file: "x.yaml") }
        let json = ReportForm.notStarted("m", diagnostics: faults)
        #expect(json["run"] == .null && json["result"] == "failure" && json["steps"] == [] && json["outputs"] == [:])
        #expect(json["diagnostics"]?.arrayValue?.contains { $0["line"] == 2 && $0["code"] == "RF101" } == true)
    }
}
