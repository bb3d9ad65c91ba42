import Raylet
import RayflowCore
import Testing

@testable import Workflow

@Suite("What a process gets")
struct ShellOrderTests {
    @Test("a script goes to the shell as its last argument; another shell is taken word by word")
    func script() throws {
        #expect(try RunHarness("steps: {a: {run: echo hi}}").order("a").arguments == ["bash", "-euo", "pipefail", "-c", "echo hi"])
        let other = try RunHarness("steps: {a: {run: print(1), shell: 'python3 {0}'}}").order("a")
        #expect(other.arguments == ["python3", "/run/attempts/a/1/script"])
        #expect(other.files == [.init(path: "/run/attempts/a/1/script", content: "print(1)")])
    }

    @Test("a script that is longer than an argument may be goes through a file")
    func longScript() throws {
        let long = String(repeating: "#", count: RunLimits.scriptArgumentBytes)
        #expect(try RunHarness("steps: {a: {run: '\(long)'}}").order("a").arguments.last == long)
        let order = try RunHarness("steps: {a: {run: '\(long)#'}}").order("a")
        #expect(order.arguments == ["bash", "-euo", "pipefail", "/run/attempts/a/1/script"])
        #expect(order.files.first?.content == long + "#")
    }

    @Test("a command is its arguments, expressions evaluated, files as absolute paths")
    func command() throws {
        let world = FakeWorld()
        world.files["/flow/in.txt"] = "1"
        let yaml = """
            inputs: {n: {type: float, default: 1.5}, l: {type: json, default: [1, {a: b}]}}
            steps: {a: {command: [tool, "--n=${{ inputs.n }}", "${{ inputs.l }}", "${{ file('in.txt') }}", "${{ true }}", plain]}}
            """
        let run = try RunHarness(yaml, inputs: ["n": 1.5, "l": [1, ["a": "b"]]], world: world)
        #expect(try run.order("a").arguments == ["tool", "--n=1.5", "[1,{\"a\":\"b\"}]", "/flow/in.txt", "true", "plain"])
    }

    @Test("an argument beyond what Linux takes is an error that says what to do")
    func longArgument() throws {
        let yaml = "inputs: {x: {type: string}}\nsteps: {a: {command: [echo, \"${{ inputs.x }}\"]}}"
        let fits = String(repeating: "x", count: RunLimits.argumentBytes)
        #expect(try RunHarness(yaml, inputs: ["x": .string(fits)]).runningPositions == ["a"])
        let run = try RunHarness(yaml, inputs: ["x": .string(fits + "x")])
        #expect(run.outcome?.message.contains("pass it through with: or stdin:") == true)
    }

    @Test("every with key is there as INPUT_…, as a file, and in RAYFLOW_INPUTS")
    func inputs() throws {
        let run = try RunHarness("steps: {a: {with: {my-key: text, list: [1, two], none: null, yes: true}, run: x}}")
        let environment = try run.environment("a")
        #expect(environment["INPUT_MY_KEY"] == "text")
        #expect(environment["INPUT_LIST"] == "[1,\"two\"]")
        #expect(environment["INPUT_NONE"] == "")
        #expect(environment["INPUT_YES"] == "true")
        #expect(environment["RAYFLOW_INPUTS"] == "{\"my-key\":\"text\",\"list\":[1,\"two\"],\"none\":null,\"yes\":true}")
        let file = try #require(environment["INPUT_MY_KEY_FILE"])
        #expect(try run.order("a").files.contains(.init(path: file, content: "text")))
    }

    @Test("a file that is an input is itself the file of that input")
    func fileInput() throws {
        let world = FakeWorld()
        world.files["/flow/d/in.txt"] = "1"
        let environment = try RunHarness("steps: {a: {with: {f: \"${{ file('d/in.txt') }}\"}, run: x}}", world: world).environment("a")
        #expect(environment["INPUT_F"] == "/flow/d/in.txt")
        #expect(environment["INPUT_F_FILE"] == "/flow/d/in.txt")
    }

    @Test("a missing file is an error of the step that reads it, with the path as written and as resolved")
    func missingFile() throws {
        let run = try RunHarness("steps: {a: {with: {f: \"${{ file('gone.txt') }}\"}, run: x}}")
        #expect(run.outcome?.message.contains("'gone.txt' (resolved to '/flow/gone.txt')") == true)
    }

    @Test("a value beyond 64 KiB is there as a file only")
    func largeInput() throws {
        let yaml = "inputs: {x: {type: string}}\nsteps: {a: {with: {x: \"${{ inputs.x }}\"}, run: x}}"
        let large = String(repeating: "x", count: RunLimits.environmentValueBytes + 1)
        let run = try RunHarness(yaml, inputs: ["x": .string(large)])
        let environment = try run.environment("a")
        #expect(environment["INPUT_X"] == nil && environment["RAYFLOW_INPUTS"] == nil)
        #expect(try run.order("a").files.map(\.content).contains(large))
        #expect(environment["RAYFLOW_INPUTS_FILE"] != nil)
        let fits = try RunHarness(yaml, inputs: ["x": .string(String(large.dropLast()))])
        #expect(try fits.environment("a")["INPUT_X"] != nil)
    }

    @Test("the run's own variables, and env with the step's over the workflow's")
    func environment() throws {
        let yaml = "env: {A: one, B: two}\nsteps: {a: {env: {B: three, C: \"${{ run.id }}\"}, with: {a: \"${{ env.A }}\"}, run: x}}"
        let environment = try RunHarness(yaml).environment("a")
        #expect(environment["A"] == "one" && environment["B"] == "three" && environment["C"] == "r1")
        #expect(environment["INPUT_A"] == "one")
        #expect(environment["RAYFLOW_RUN_ID"] == "r1" && environment["RAYFLOW_WORKFLOW_DIR"] == "/flow")
        #expect(environment["RAYFLOW_STEP_ID"] == "a" && environment["RAYFLOW_ATTEMPT"] == "1")
        #expect(environment["RAYFLOW_OUTPUT"] == "/run/attempts/a/1/output")
    }

    @Test("standard input: text inline, large text through a file, files as they are")
    func stdin() throws {
        let world = FakeWorld()
        world.files["/flow/in"] = "1"
        let yaml =
            "inputs: {x: {type: string}}\nsteps: {a: {stdin: \"${{ inputs.x }}\", run: x}, b: {stdin: \"${{ file('in') }}\", run: x}, c: {run: x}}"
        let small = try RunHarness(yaml, inputs: ["x": "abc"], world: world)
        #expect(try small.order("a").input == .bytes(Array("abc".utf8)))
        #expect(try small.order("b").input == .file("/flow/in"))
        #expect(try small.order("c").input == .none)
        let large = try RunHarness(
            yaml, inputs: ["x": .string(String(repeating: "y", count: RunLimits.inlineInputBytes + 1))], world: world)
        #expect(try large.order("a").input == .file("/run/attempts/a/1/stdin"))
    }

    @Test("resources: one CPU unless the step says else; expressions may use the number of the attempt")
    func resources() throws {
        #expect(try RunHarness("steps: {a: {run: x}}").order("a").resources == .cpus(1))
        let yaml =
            "steps: {a: {run: x, retry: {max-attempts: 2, backoff: none}, resources: {cpus: 2, memory: \"${{ mul(attempt.number, 512) }}MiB\"}}}"
        var run = try RunHarness(yaml)
        #expect(try run.order("a").resources == ResourceSet(["CPU": 2, "memory": Double(512 << 20)]))
        run.fail("a")
        #expect(try run.order("a").resources == ResourceSet(["CPU": 2, "memory": Double(1024 << 20)]))
        let wrong = try RunHarness("steps: {a: {run: x, resources: {cpus: \"${{ 'many' }}\"}}}")
        #expect(wrong.outcome?.message.contains("resources.cpus") == true)
    }

    @Test("a step runs in the workflow's folder, in its workdir below it, or in a scratch folder of its own")
    func workdir() throws {
        let run = try RunHarness("steps: {a: {run: x}, b: {run: x, workdir: sub}, c: {run: x, sandbox: scratch}}")
        #expect(try run.order("a").workdir == "/flow")
        #expect(try run.order("b").workdir == "/flow/sub")
        #expect(try run.order("c").workdir == "/run/attempts/c/1/scratch")
        #expect(try run.order("c").isScratch)
    }

    @Test("outputs are ordered with their paths as written and as resolved")
    func outputs() throws {
        let yaml =
            "steps: {a: {run: x, workdir: w, outputs: {t: {type: file, path: top.json}, s: {from: stdout}, e: {}, j: {type: json, from: p.json, pointer: /x, default: 3}}}}"
        let outputs = try RunHarness(yaml).order("a").outputs
        #expect(outputs[0].source == .path(written: "top.json", path: "/flow/w/top.json"))
        #expect(outputs[1].source == .stdout)
        #expect(outputs[2].source == .outputFile)
        #expect(outputs[3].source == .content(written: "p.json", path: "/flow/w/p.json"))
        #expect(outputs[3].pointer == "/x" && outputs[3].defaultValue == 3)
    }

    @Test("timeout and grace are the step's")
    func times() throws {
        let order = try RunHarness("steps: {a: {run: x, timeout: 90s, grace: 500ms}}").order("a")
        #expect(order.timeout == .seconds(90) && order.grace == .milliseconds(500))
        #expect(try RunHarness("steps: {a: {run: x}}").order("a").grace == .seconds(10))
    }

    @Test("folder names keep plain positions, escape the rest, and stay short and unique")
    func folders() {
        #expect(StepPosition.folderName("fetch[a-1.txt]") == "fetch[a-1.txt]")
        #expect(StepPosition.folderName("f[../x y]") == "f[..%2Fx%20y]")
        #expect(StepPosition.folderName("..") == "%2E.")
        let long = String(repeating: "k", count: 500)
        #expect(StepPosition.folderName(long + "1").utf8.count <= RunLimits.folderNameBytes)
        #expect(StepPosition.folderName(long + "1") != StepPosition.folderName(long + "2"))
        #expect(StepPosition.parse(attempt: "a[x#3]#12")?.position == "a[x#3]")
        #expect(StepPosition.parse(attempt: "a[x#3]#12")?.number == 12)
    }
}
