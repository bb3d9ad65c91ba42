import RayflowCore
import Testing

@testable import Workflow

@Suite("Calls")
struct CallTests {
    static let pipeline = """
        steps:
          map: {for-each: [x, y], with: {text: "${{ item }}"}, call: M.map, outputs: {parts: {type: bytes}}}
          reduce: {with: {parts: "${{ steps.map.outputs.parts }}"}, call: M.reduce, outputs: {total: {type: int}}}
          show: {with: {total: "${{ steps.reduce.outputs.total }}"}, run: x}
        """

    @Test("objects pass from call to call without being loaded, and are brought for a process")
    func references() throws {
        var run = try RunHarness(Self.pipeline)
        #expect(run.runningPositions == ["map[0]", "map[1]"])
        #expect(try run.call("map[0]").key == "map[0]")
        let parts = run.returns("map[0]", ["parts"]) + run.returns("map[1]", ["parts"])
        #expect(run.wanted.isEmpty)
        #expect(try run.call("reduce").with["parts"] == .list(parts.map { .ref($0) }))
        let total = run.returns("reduce", ["total"])
        #expect(run.wanted == total)
        #expect(run.released == parts)
        run.bring([total[0]: 7])
        #expect(try run.environment("show")["INPUT_TOTAL"] == "7")
        run.finish("show")
        #expect(run.result == .success)
        #expect(Set(run.released) == Set(parts + total))
    }

    @Test("an undeclared result is there as 'result'; several results are found by their names")
    func results() throws {
        let yaml = """
            steps: {a: {call: f}, b: {call: g, outputs: {x: {type: json}, y: {type: json}}}}
            outputs: {a: "${{ steps.a.outputs.result }}", y: "${{ steps.b.outputs.y }}"}
            """
        var run = try RunHarness(yaml)
        let a = run.returns("a")
        let b = run.returns("b", ["x", "y"])
        #expect(Set(run.wanted) == [a[0], b[1]])
        run.bring([a[0]: "one", b[1]: [1, 2]])
        #expect(run.outputs == ["a": "one", "y": [1, 2]])
    }

    @Test("a declared output that is no result is a field of the only one")
    func fields() throws {
        var run = try RunHarness(
            "steps: {a: {call: f, outputs: {loss: {type: float}, n: {type: int, optional: true}}}}\noutputs: {l: \"${{ steps.a.outputs.loss }}\"}"
        )
        let a = run.returns("a")
        run.bring([a[0]: ["loss": 0.5]])
        #expect(run.outputs == ["l": 0.5])
        run = try RunHarness("steps: {a: {call: f, outputs: {loss: {type: float}, n: {type: int}}}}")
        run.bring([run.returns("a")[0]: ["loss": 0.5]])
        #expect(run.outcome?.message.contains("returned no 'n'; it returned 'result'") == true)
    }

    @Test("the worker of a call has the variables of the file, of the defaults and of the step; a method has none")
    func environment() throws {
        let yaml = """
            env: {A: one, B: two}
            defaults: {env: {B: three}}
            actors: {c: {type: Demo.Counter}}
            steps:
              a: {env: {C: "${{ max(1, 2) }}", D: "${{ inputs.x }}"}, call: f}
              b: {call: f}
              m: {env: {C: x}, actor: c, method: add}
            inputs: {x: {type: json, default: {k: [1]}}}
            """
        let run = try RunHarness(yaml, inputs: ["x": ["k": [1]]])
        #expect(try run.call("a").environment == ["A": "one", "B": "three", "C": "2", "D": "{\"k\":[1]}"])
        #expect(try run.call("b").environment == ["A": "one", "B": "three"])
        #expect(try run.call("m").environment.isEmpty)
    }

    @Test("several objects of one name are a list of objects")
    func lists() throws {
        var run = try RunHarness(
            "steps: {a: {call: f, outputs: {p: {type: list<bytes>}}}, b: {with: {x: \"${{ steps.a.outputs.p[1] }}\"}, call: g}}")
        let parts = run.returns("a", ["p", "p"])
        #expect(try run.call("b").with["x"] == .ref(parts[1]))
        #expect(run.wanted.isEmpty)
    }

    @Test("a failed call is repeated as another call, under another key")
    func retry() throws {
        var run = try RunHarness("steps: {a: {call: f, retry: {max-attempts: 2, backoff: none}}}")
        run.fail("a", StepFailure(ErrorRecord(.taskFailed, "boom", remoteType: "E")))
        #expect(try run.call("a").key == "a#2")
        _ = run.returns("a")
        #expect(run.result == .success)
        #expect(try run.report("a").attempts == 2)
    }

    @Test("on resume a call is made again with its key and fingerprint, so that the engine answers from its log")
    func resume() throws {
        var run = try RunHarness(Self.pipeline)
        _ = run.returns("map[0]", ["parts"])
        let order = try run.call("map[1]")
        let first = RunHistory(run.records).steps["map[0]"]?.fingerprint
        var again = try RunHarness(Self.pipeline, after: run.records)
        #expect(try again.call("map[0]").key == "map[0]")
        #expect(try again.call("map[1]").fingerprint == order.fingerprint)
        #expect(RunHistory(again.records).steps["map[0]"]?.fingerprint == first)
        _ = again.returns("map[0]", ["parts"])
        #expect(try again.report("map[0]").isReused && again.report("map[0]").attempts == 1)
        let changed = try RunHarness(Self.pipeline.replacing("M.map", with: "M.other"), after: run.records)
        #expect(try changed.call("map[0]").key == "map[0]#2")
    }

    @Test("an actor is made before its first call, once, with no CPU unless it says so")
    func actors() throws {
        let yaml = """
            actors: {c: {type: Demo.Counter, with: {start: 2}, max-restarts: 3}}
            steps: {a: {actor: c, method: add, with: {by: 1}}, b: {needs: [a], actor: c, method: add, with: {by: 2}}}
            """
        var run = try RunHarness(yaml)
        #expect(try run.call("a").target == .method(actor: "c", typeName: "Demo.Counter", "add"))
        _ = run.returns("a")
        let made = run.log.compactMap { if case .createActor(let order) = $0 { order } else { nil } }
        #expect(made.count == 1)
        #expect(made.first?.with == ["start": 2])
        #expect(made.first?.resources == ResourceSet() && made.first?.maxRestarts == 3)
        _ = run.returns("b")
        #expect(run.result == .success)
    }

    @Test("the condition of a step that asks for an object's content waits for it")
    func conditions() throws {
        var run = try RunHarness(
            "failure-policy: continue\nsteps: {a: {call: f}, b: {if: \"${{ steps.a.outputs.result > 3 }}\", run: x}, c: {for-each: \"${{ steps.a.outputs.result }}\", run: x}}"
        )
        let a = run.returns("a")
        #expect(run.wanted == a && run.runningPositions.isEmpty)
        run.bring([a[0]: 4])
        #expect(run.runningPositions == ["b"])
        #expect(run.status("c") == .failed)
    }

    @Test("an object that cannot be brought fails whoever needs it")
    func lost() throws {
        var run = try RunHarness("steps: {a: {call: f}, b: {with: {x: \"${{ steps.a.outputs.result }}\"}, run: x}}")
        let a = run.returns("a")
        run.apply { $0.onMaterialised([a[0]: .failure(StepFailure(.lostNode, "gone"))], now: $1, into: &$2) }
        #expect(run.result == .failure)
        #expect(run.outcome?.message.contains("cannot bring an object that it needs: gone") == true)
    }

    @Test("calls that nobody answers are found before anything runs")
    func check() throws {
        let workflow = try WorkflowLoader.load(
            text:
                "rayflow: 1\nactors: {c: {type: Counter}}\nsteps: {a: {call: divmo, with: {n: 1}}, b: {call: divmod, with: {n: 1, bi: 2}}, c: {actor: c, method: ad}}",
            file: "w.yaml")
        let offered = PortSignatures(
            functions: [.init(name: "divmod", labels: ["n", "by"])], actors: ["Counter": [.init(name: "add", labels: ["by"])]])
        let faults = CallCheck.faults(of: workflow, against: offered)
        #expect(
            faults.map(\.message) == [
                "there is no function 'divmo' in this program", "divmod takes no 'bi'", "divmod needs 'by'", "Counter has no method 'ad'",
            ])
        #expect(faults[0].hint == "did you mean 'divmod'?")
    }
}
