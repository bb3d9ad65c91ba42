import Glibc
import Journal
import Raylet
import RayflowCore
import Testing

@testable import Workflow

@Suite("The controller with real processes")
struct RunControllerTests {
    private final class Place {
        let path: String
        init() throws {
            var template = Array("/tmp/rayflow-controller-XXXXXX".utf8CString)
            let made = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) }
            path = String(cString: try #require(made))
        }
        deinit { Self.remove(path) }
        private static func remove(_ path: String) {
            if Files.isFolder(path) {
                for name in (try? Files.names(in: path)) ?? [] { remove("\(path)/\(name)") }
                rmdir(path)
            } else {
                unlink(path)
            }
        }
    }

    private final class Observer: RunObserver, @unchecked Sendable {
        var events: [RunEvent] = []
        func onRunEvent(_ event: RunEvent, _ counts: RunCounts) { events.append(event) }
    }

    private func controller(
        _ yaml: String, _ place: Place, _ port: ScriptedPort, inputs: JSONObject = [:], history: RunHistory = RunHistory(),
        observer: Observer? = nil
    ) throws -> RunController {
        let workflow = try WorkflowLoader.load(text: "rayflow: 1\n" + yaml, file: "t.yaml")
        let folder = RunFolder(path: place.path + "/run", id: "r1")
        let options = RunOptions(
            runID: "r1", epoch: history.nextEpoch, inputs: inputs, workflowFolder: place.path, attemptsFolder: folder.attempts)
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        return RunController(
            workflow, options: options, history: history, folder: folder, port: port,
            environment: [EnvironmentVariable("PATH", path), EnvironmentVariable("RAYFLOW_SECRET", "no")], observer: observer)
    }

    @Test("hello: a greeting goes from process to process")
    func hello() async throws {
        let place = try Place()
        let port = ScriptedPort()
        let yaml = """
            inputs: {who: {type: string, default: world}}
            steps:
              greet:
                with: {who: "${{ inputs.who }}"}
                run: echo "hello, $INPUT_WHO"; cat "$INPUT_WHO_FILE" >&2; echo "n=${RAYFLOW_SECRET-none}" >> "$RAYFLOW_OUTPUT"
                outputs: {text: {from: stdout}, n: {}, err: {from: stderr}}
              shout:
                command: [tr, a-z, A-Z]
                stdin: ${{ steps.greet.outputs.text }}
                outputs: {text: {from: stdout}}
              keep:
                sandbox: scratch
                with: {t: "${{ steps.shout.outputs.text }}"}
                run: printf '%s' "$INPUT_T" > out.txt
                outputs: {f: {type: file, path: out.txt}}
            outputs: {text: "${{ steps.shout.outputs.text }}", n: "${{ steps.greet.outputs.n }}", err: "${{ steps.greet.outputs.err }}", f: "${{ basename(steps.keep.outputs.f) }}"}
            """
        let observer = Observer()
        let run = try controller(yaml, place, port, inputs: ["who": "you"], observer: observer)
        let outcome = await run.run()
        #expect(outcome.result == .success, "\(outcome.message)")
        #expect(outcome.outputs == ["text": "HELLO, YOU", "n": "none", "err": "you", "f": "out.txt"])
        #expect(run.snapshot()?.result == .success)
        #expect(observer.events.contains(.started(position: "greet", attempt: 1)))
        var history = RunHistory()
        for record in port.records { history.add(.step(position: record.position, json: record.json.compact, wallNS: 1)) }
        let again = try controller(yaml, place, ScriptedPort(), inputs: ["who": "you"], history: history)
        let second = await again.run()
        #expect(second.outputs == outcome.outputs)
        #expect(second.report.steps.allSatisfy { $0.isReused })
    }

    @Test("large outputs go to calls as references, one for each large element, come back for processes, and are used again later")
    func heldOutputs() async throws {
        let place = try Place()
        let yaml = """
            steps:
              gen:
                run: |
                  x=$(head -c 150000 /dev/zero | tr '\\0' x)
                  printf '["%s","%s","small"]' "$x" "$x" > l.json
                  printf '{"k":"%s"}' "$x" > j.json
                outputs: {l: {type: "list<json>", from: l.json}, j: {type: json, from: j.json}}
              use:
                with: {l: "${{ steps.gen.outputs.l }}", j: "${{ steps.gen.outputs.j }}"}
                call: sizes
                outputs: {n: {type: json}}
              show:
                with: {k: "${{ steps.gen.outputs.j.k }}"}
                run: wc -c < "$INPUT_K_FILE"
                outputs: {n: {type: int, from: stdout}}
            outputs: {n: "${{ steps.use.outputs.n }}", show: "${{ steps.show.outputs.n }}"}
            """
        let sizes: @Sendable ([String: JSON]) throws -> [(String, JSON)] = { arguments in
            let lengths = (arguments["l"]?.arrayValue ?? []).map { JSON.int($0.stringValue?.utf8.count ?? -1) }
            return [("n", .array(lengths + [.int(arguments["j"]?["k"]?.stringValue?.utf8.count ?? -1)]))]
        }
        let port = ScriptedPort(functions: ["sizes": sizes])
        let outcome = await (try controller(yaml, place, port)).run()
        #expect(outcome.outputs == ["n": [150_000, 150_000, 5, 150_000], "show": 150_000], "\(outcome.message)")
        #expect(port.puts.count == 3 && port.released == port.made)
        #expect(port.records.allSatisfy { $0.json.compact.utf8.count < 1_000 }, "nothing large stands in the journal")
        var history = RunHistory()
        for record in port.records { history.add(.step(position: record.position, json: record.json.compact, wallNS: 1)) }
        let later = ScriptedPort(functions: ["sizes": sizes])
        let second = await (try controller(yaml, place, later, history: history)).run()
        #expect(second.outputs == outcome.outputs && second.report.steps.allSatisfy { $0.isReused })
        #expect(later.puts.sorted() == port.puts.sorted() && later.released == later.made)
    }

    @Test("bytes that are no text are no value")
    func binaryOutput() async throws {
        let place = try Place()
        let yaml = "steps: {a: {run: \"printf '\\\\377\\\\376' > b\", outputs: {b: {type: bytes, from: b}}}}"
        let outcome = await (try controller(yaml, place, ScriptedPort())).run()
        #expect(outcome.message.contains("no text") && outcome.message.contains("path:"), "\(outcome.message)")
    }

    @Test("a failed process is shown with the end of its log")
    func failure() async throws {
        let place = try Place()
        let observer = Observer()
        let run = try controller("steps: {a: {run: \"echo one >&2; echo two >&2; exit 3\"}}", place, ScriptedPort(), observer: observer)
        let outcome = await run.run()
        #expect(outcome.message == "step 'a' failed: exit code 3")
        let tails = observer.events.compactMap { if case .failed(_, _, _, let tail) = $0 { tail } else { nil } }
        #expect(tails == [["one", "two"]])
    }

    @Test("a command that does not exist, and an output that was not written, say so")
    func faults() async throws {
        let place = try Place()
        let missing = await (try controller("steps: {a: {command: [no-such-command-here]}}", place, ScriptedPort())).run()
        #expect(missing.message.contains("no-such-command-here"))
        let unwritten = await (try controller("steps: {a: {run: 'true', outputs: {f: {type: file, path: x.txt}}}}", place, ScriptedPort()))
            .run()
        #expect(
            unwritten.message
                == "step 'a' failed: output 'f' of step 'a', from 'x.txt' (resolved to '\(place.path)/x.txt'): output file not written")
    }

    @Test("cancel ends running processes, and the run with them")
    func cancel() async throws {
        let place = try Place()
        let port = ScriptedPort()
        let run = try controller("steps: {a: {run: 'exec sleep 600'}, b: {needs: [a], run: 'true'}}", place, port)
        let outcome = await withCheckedContinuation { continuation in
            run.start { continuation.resume(returning: $0) }
            run.cancel()
        }
        #expect(outcome.result == .cancelled)
        #expect(outcome.report.steps.map(\.status) == [.cancelled, .cancelled])
    }

    @Test("objects go from call to call, content is brought for processes, and every object is released")
    func calls() async throws {
        let place = try Place()
        let port = ScriptedPort(functions: [
            "double": { [("result", .int((try #require($0["n"]?.intValue)) * 2))] },
            "sum": { [("total", .int(($0["ns"]?.arrayValue ?? []).compactMap(\.intValue).reduce(0, +)))] },
            "boom": { _ in throw PlanFault.wrong("bang") },
        ])
        let yaml = """
            steps:
              d: {for-each: [1, 2, 3], with: {n: "${{ item }}"}, call: double}
              s: {with: {ns: "${{ steps.d.outputs.result }}"}, call: sum, outputs: {total: {type: int}}}
              p: {with: {t: "${{ steps.s.outputs.total }}"}, run: 'echo "$INPUT_T"', outputs: {t: {type: int, from: stdout}}}
            outputs: {t: "${{ steps.p.outputs.t }}", d: "${{ steps.d.outputs.result }}"}
            """
        let outcome = await (try controller(yaml, place, port)).run()
        #expect(outcome.outputs == ["t": 12, "d": [2, 4, 6]], "\(outcome.message)")
        #expect(port.released == port.made)
        let failed = await (try controller("steps: {a: {call: boom}}", place, port)).run()
        #expect(failed.message.contains("bang"))
        let unknown = await (try controller("steps: {a: {call: nobody}}", place, port)).run()
        #expect(unknown.message == "step 'a' failed: no function nobody")
    }

    @Test("an actor that cannot be made fails the steps that call it")
    func actor() async throws {
        let place = try Place()
        let port = ScriptedPort(functions: ["add": { [("result", $0["by"] ?? .null)] }])
        let good = await
            (try controller(
                "actors: {c: {type: Counter}}\nsteps: {a: {actor: c, method: add, with: {by: 4}}}\noutputs: {r: \"${{ steps.a.outputs.result }}\"}",
                place,
                port)).run()
        #expect(good.outputs == ["r": 4])
        let bad = await (try controller("actors: {c: {type: Other}}\nsteps: {a: {actor: c, method: add}}", place, port)).run()
        #expect(bad.message == "step 'a' failed: no actor Other")
    }

    @Test("retries wait their time, and large outputs are kept beside the attempt")
    func retriesAndLargeOutputs() async throws {
        let place = try Place()
        let port = ScriptedPort()
        let yaml = """
            steps:
              a:
                run: '[ "$RAYFLOW_ATTEMPT" = 2 ] && head -c 100000 /dev/zero | tr "\\\\0" x'
                retry: {max-attempts: 2, delay: 1ms}
                outputs: {t: {from: stdout}}
            outputs: {n: "${{ steps.a.outputs.t }}"}
            """
        let outcome = await (try controller(yaml, place, port)).run()
        #expect(outcome.outputs["n"]?.stringValue?.utf8.count == 100_000, "\(outcome.message)")
        #expect(Files.exists(place.path + "/run/attempts/a/2/outputs.json"))
        #expect(port.records.last?.json["saved-outputs"] == true)
    }

    @Test("a fault of the journal ends the run with its own code")
    func fault() async throws {
        let place = try Place()
        let run = try controller("steps: {a: {run: 'exec sleep 600'}}", place, ScriptedPort())
        let outcome = await withCheckedContinuation { continuation in
            run.start { continuation.resume(returning: $0) }
            run.fault("the disk is full")
        }
        #expect(outcome.exitCode == 5 && outcome.message == "the disk is full")
    }
}
