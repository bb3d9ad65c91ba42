import Testing

@testable import Workflow

@Suite("Faults of keys and types") struct KeyFaultTests {
    @Test("an unknown key is shown at its place with the nearest one")
    func unknownKey() {
        #expect(
            Reading.stepFaults("  greet:\n    comand: [tr]\n    run: x\n") == """
                w.yaml:4:5: error[RF101]: unknown key 'comand' in step 'greet'
                  4 |     comand: [tr]
                    |     ^
                  hint: did you mean 'command'?
                """)
    }

    @Test(
        "keys at every level",
        arguments: [
            ("rayflow: 1\nstep: {}\nsteps: {a: {run: x}}", "w.yaml:2:1: error[RF101]: unknown key 'step' in the workflow"),
            ("rayflow: 1\nsteps: {a: {run: x, x-b: 1}}", "w.yaml:2:21: error[RF101]: unknown key 'x-b' in step 'a'"),
            ("rayflow: 1\ninputs: {i: {typ: int}}\nsteps: {a: {run: x}}", "w.yaml:2:14: error[RF101]: unknown key 'typ' in input 'i'"),
            (
                "rayflow: 1\nsteps: {a: {run: x, outputs: {o: {form: stdout}}}}",
                "w.yaml:2:35: error[RF101]: unknown key 'form' in output 'o'"
            ),
            ("rayflow: 1\nsteps: {a: {run: x, retry: {attempts: 3}}}", "w.yaml:2:29: error[RF101]: unknown key 'attempts' in 'retry'"),
            ("rayflow: 1\nsteps: {a: {run: x, resources: {CPU: 3}}}", "w.yaml:2:33: error[RF101]: unknown key 'CPU' in 'resources'"),
            ("rayflow: 1\ndefaults: {run: x}\nsteps: {a: {run: x}}", "w.yaml:2:12: error[RF101]: unknown key 'run' in 'defaults'"),
            (
                "rayflow: 1\nactors: {c: {type: M.C, state: 1}}\nsteps: {a: {run: x}}",
                "w.yaml:2:25: error[RF101]: unknown key 'state' in actor 'c'"
            ),
            (
                "rayflow: 1\napp: {package: p, product: q, x: y}\nsteps: {a: {run: x}}",
                "w.yaml:2:31: error[RF101]: unknown key 'x' in 'app'"
            ),
            (
                "rayflow: 1\nsteps: {a: {run: x, needs: [{stp: b, step: c}]}, c: {run: y}}",
                "w.yaml:2:30: error[RF101]: unknown key 'stp' in an element of 'needs'"
            ),
        ])
    func unknownKeys(text: String, head: String) {
        #expect(Reading.heads(Reading.workflowFaults(text)) == [head])
    }

    @Test(
        "values that can only fail later are refused at their place",
        arguments: [
            ("{a: {run: x, timeout: 0s}}", "2:30: error[RF105]: 'timeout' must be above zero"),
            (#"{a: {run: "x\0"}}"#, "2:20: error[RF105]: 'run' must not hold the character U+0000"),
            (#"{a: {command: [x, "\0"]}}"#, "2:27: error[RF105]: an argument of 'command' must not hold the character U+0000"),
            (#"{a: {run: x, outputs: {o: {from: "\0"}}}}"#, "2:42: error[RF105]: 'from' must not hold the character U+0000"),
            (#"{a: {run: x, outputs: {o: {from: ""}}}}"#, "2:41: error[RF105]: 'from' is empty"),
            (#"{a: {run: x, if: ""}}"#, "2:25: error[RF105]: 'if' is empty"),
            ("{a: {run: x, if: 5}}", "2:25: error[RF103]: 'if' wants a condition, this is the number 5"),
        ])
    func hopelessValues(steps: String, head: String) {
        #expect(Reading.heads(Reading.workflowFaults("rayflow: 1\nsteps: " + steps)) == ["w.yaml:" + head])
    }

    @Test("keys of the language that do not work yet say so", arguments: KeyTable.step.planned)
    func plannedStepKeys(key: String) {
        let heads = Reading.heads(
            Reading.stepFaults("  a:\n    \(key): 1\n    \(KeyTable.plannedKinds.contains(key) ? "name: n" : "run: x")\n"))
        #expect(
            heads == [
                "w.yaml:4:5: error[RF102]: the key '\(key)' in step 'a' belongs to the language, but this version does not support it yet"
            ])
    }

    @Test("so do those of the other levels")
    func planned() {
        for key in KeyTable.workflow.planned {
            #expect(
                Reading.heads(Reading.workflowFaults("rayflow: 1\n\(key): 1\nsteps: {a: {run: x}}")).map { String($0.prefix(24)) } == [
                    "w.yaml:2:1: error[RF102]"
                ])
        }
        for key in KeyTable.actor.planned {
            let heads = Reading.heads(Reading.workflowFaults("rayflow: 1\nactors: {c: {type: C, \(key): 1}}\nsteps: {a: {run: x}}"))
            #expect(heads.count == 1 && heads[0].hasPrefix("w.yaml:2:23: error[RF102]"))
        }
        #expect(
            Reading.workflowFaults("rayflow: 1\ninputs: {i: {secret: true}}\nsteps: {a: {run: x}}").contains("w.yaml:2:14: error[RF102]"))
        #expect(Reading.workflowFaults("rayflow: 1\ndefaults: {cache: true}\nsteps: {a: {run: x}}").contains("w.yaml:2:12: error[RF102]"))
    }

    @Test("x-… keys of the workflow are ignored") func extensions() {
        #expect(Reading.workflowFaults("rayflow: 1\nx-any: {rum: 1}\nsteps: {a: {run: x}}") == "")
    }

    @Test(
        "top level",
        arguments: [
            ("steps: {a: {run: x}}", "w.yaml:1:1: error[RF104]: the key 'rayflow' is missing"),
            (
                "rayflow: 2\nsteps: {a: {run: x}}",
                "w.yaml:1:10: error[RF108]: version 2 of the language is not known; this program reads version 1"
            ),
            (
                "rayflow: '1'\nsteps: {a: {run: x}}",
                "w.yaml:1:10: error[RF103]: 'rayflow' wants the version of the language, this is a string"
            ),
            ("rayflow: 1", "w.yaml:1:1: error[RF104]: the key 'steps' is missing"),
            ("rayflow: 1\nsteps: {}", "w.yaml:2:1: error[RF104]: 'steps' holds no step"),
            ("rayflow: 1\nsteps:", "w.yaml:2:1: error[RF104]: 'steps' holds no step"),
            ("rayflow: 1\nsteps: [{run: x}]", "w.yaml:2:8: error[RF103]: 'steps' wants a map, this is a list"),
            ("rayflow: 1\nsteps: 5", "w.yaml:2:8: error[RF103]: 'steps' wants a map, this is an int"),
            ("rayflow: 1\nname: [a]\nsteps: {a: {run: x}}", "w.yaml:2:7: error[RF103]: 'name' wants a text, this is a list"),
            ("rayflow: 1\nname: n${{ run.id }}\nsteps: {a: {run: x}}", "w.yaml:2:8: error[RF111]: 'name' takes no ${{ }}"),
            (
                "rayflow: 1\nfailure-policy: drian\nsteps: {a: {run: x}}",
                "w.yaml:2:17: error[RF105]: 'failure-policy' is 'drian'; it must be drain, cancel or continue"
            ),
            ("rayflow: 1\ntimeout: 5\nsteps: {a: {run: x}}", "w.yaml:2:10: error[RF105]: '5' is no duration"),
            ("rayflow: 1\nmax-parallel: 0\nsteps: {a: {run: x}}", "w.yaml:2:15: error[RF105]: 'max-parallel' is 0; it must be at least 1"),
            (
                "rayflow: 1\nmax-parallel: x\nsteps: {a: {run: x}}",
                "w.yaml:2:15: error[RF103]: 'max-parallel' wants a whole number, this is a string"
            ),
            ("rayflow: 1\napp: {package: x}\nsteps: {a: {run: x}}", "w.yaml:2:1: error[RF104]: 'app' has no 'product'"),
            ("rayflow: 1\nactors: {c: {}}\nsteps: {a: {run: x}}", "w.yaml:2:10: error[RF104]: actor 'c' has no 'type'"),
            ("rayflow: 1\nenv: {A-B: x}\nsteps: {a: {run: x}}", "w.yaml:2:7: error[RF107]: 'A-B' is no name for an environment variable"),
            ("rayflow: 1\nenv: {A: [x]}\nsteps: {a: {run: x}}", "w.yaml:2:10: error[RF103]: 'A' wants a text or ${{ }}, this is a list"),
        ])
    func topLevel(text: String, head: String) {
        #expect(Reading.heads(Reading.workflowFaults(text)) == [head])
    }

    @Test(
        "inputs",
        arguments: [
            ("{type: strin}", "15: error[RF105]: 'strin' is no type"),
            ("{type: int, default: x}", "29: error[RF103]: 'default' wants an int, this is '\"x\"'"),
            ("{type: int, default: '1'}", "29: error[RF103]: 'default' wants an int, this is '\"1\"'"),
            ("{type: bool, default: yes}", "30: error[RF103]: 'default' wants a bool, this is '\"yes\"'"),
            ("{type: duration, default: 10}", "34: error[RF103]: 'default' wants a duration, this is '10'"),
            ("{default: [1]}", "18: error[RF103]: 'default' wants a string, this is '[1]'"),
            ("{type: list<int>, default: [1, a]}", "39: error[RF103]: an element of 'default' wants an int, this is '\"a\"'"),
            ("{type: map<int>, default: {k: a}}", "38: error[RF103]: 'k' of 'default' wants an int, this is '\"a\"'"),
            ("{default: '${{ run.id }}'}", "19: error[RF111]: 'default' takes no ${{ }}"),
            ("{type: int, default: 5, max: 4}", "29: error[RF105]: 'default' is 5, more than the maximum 4"),
            ("{default: ab, pattern: '[0-9]+'}", "18: error[RF105]: 'default' is 'ab', which does not match the pattern '[0-9]+'"),
            ("{type: enum}", "5: error[RF104]: input 'i' is an enum without 'choices'"),
            ("{type: enum, choices: []}", "30: error[RF103]: 'choices' wants a list, this is an empty list"),
            ("{type: enum, choices: [a], default: b}", "44: error[RF105]: 'default' is 'b'; it must be a"),
            ("{min: 1}", "9: error[RF113]: 'min' has no meaning for a string"),
            ("{type: int, pattern: x}", "20: error[RF113]: 'pattern' has no meaning for an int"),
            ("{type: int, min: 5, max: 4}", "33: error[RF114]: 'max' is less than 'min'"),
            ("{type: int, min: x}", "25: error[RF103]: 'min' wants an int, this is '\"x\"'"),
            ("{required: 1}", "19: error[RF103]: 'required' wants true or false, this is an int"),
            ("[]", "8: error[RF103]: input 'i' wants a map, this is an empty list"),
        ])
    func inputs(spec: String, rest: String) {
        let heads = Reading.heads(Reading.workflowFaults("rayflow: 1\ninputs:\n    i: \(spec)\nsteps: {a: {run: x}}"))
        #expect(heads == ["w.yaml:3:" + rest])
    }

    @Test("a pattern that does not compile") func pattern() {
        let heads = Reading.heads(Reading.workflowFaults("rayflow: 1\ninputs: {i: {pattern: '[a'}}\nsteps: {a: {run: x}}"))
        #expect(heads.count == 1 && heads[0].hasPrefix("w.yaml:2:23: error[RF112]: '[a' is no regular expression: "))
    }

    @Test(
        "steps",
        arguments: [
            ("1a: {run: x}", "3: error[RF107]: '1a' is no name for a step"),
            ("a.b: {run: x}", "3: error[RF107]: 'a.b' is no name for a step"),
            ("ä: {run: x}", "3: error[RF107]: 'ä' is no name for a step"),
            ("a: {}", "3: error[RF106]: step 'a' does nothing"),
            ("a:", "3: error[RF106]: step 'a' does nothing"),
            ("a: x", "6: error[RF103]: step 'a' wants a map, this is a string"),
            ("a: {run: x, command: [y]}", "15: error[RF106]: step 'a' is of two kinds: 'run' and 'command'"),
            ("a: {run: [x]}", "12: error[RF103]: 'run' wants a script, this is a list"),
            ("a: {run: }", "12: error[RF103]: 'run' wants a script, this is empty"),
            ("a: {command: x y}", "16: error[RF103]: 'command' wants a list of the program and its arguments, this is a string"),
            ("a: {command: []}", "16: error[RF103]: 'command' wants a list of the program and its arguments, this is an empty list"),
            ("a: {command: [x, [y]]}", "20: error[RF103]: an argument of 'command' wants a text, this is a list"),
            ("a: {method: m}", "7: error[RF104]: 'method' without 'actor'"),
            ("a: {run: x, method: m}", "15: error[RF113]: 'method' without 'actor'"),
            ("a: {actor: c}", "7: error[RF104]: 'actor' without 'method'"),
            ("a: {value: 5}", "14: error[RF103]: 'value' wants a map with the outputs of the step, this is an int"),
            ("a: {value: {x: 1}, outputs: {x: {}}}", "22: error[RF113]: 'outputs' has no meaning for a 'value' step"),
            ("a: {call: f, stdin: x}", "16: error[RF113]: 'stdin' has no meaning for a 'call' step"),
            ("a: {command: [x], shell: sh}", "21: error[RF113]: 'shell' has no meaning for a 'command' step"),
            ("a: {run: x, key: '${{ 1 }}'}", "15: error[RF113]: 'key' without 'for-each'"),
            ("a: {run: x, max-parallel: 2}", "15: error[RF113]: 'max-parallel' without 'for-each'"),
            ("a: {run: x, for-each: x}", "25: error[RF103]: 'for-each' wants a list, a map or one ${{ }}, this is a string"),
            ("a: {run: x, for-each: 'x${{ 1 }}'}", "25: error[RF103]: 'for-each' wants a list, a map or one ${{ }}, this is a string"),
            ("a: {run: x, for-each: [1], key: k}", "35: error[RF105]: 'key' is the same for all items"),
            ("a: {run: x, for-each: [1], max-parallel: 0}", "44: error[RF105]: 'max-parallel' wants a whole number from 1, this is '0'"),
            ("a: {run: x, timeout: 5}", "24: error[RF105]: 'timeout' wants a duration, this is '5'"),
            ("a: {run: x, resources: {memory: lots}}", "35: error[RF105]: 'memory' wants a size, this is 'lots'"),
            ("a: {run: x, resources: {cpus: -1}}", "33: error[RF105]: 'cpus' wants a number from 0, this is '-1'"),
            ("a: {run: x, resources: 4}", "26: error[RF103]: 'resources' wants a map, this is an int"),
            ("a: {run: x, retry: -1}", "22: error[RF105]: 'retry' is -1; it must be 0 to 999"),
            ("a: {run: x, retry: {max-attempts: 0}}", "37: error[RF105]: 'max-attempts' is 0; it must be 1 to 1000"),
            ("a: {run: x, retry: {jitter: 2}}", "31: error[RF105]: 'jitter' is 2; it must be from 0 to 1"),
            (
                "a: {run: x, retry: {on: [fail]}}",
                "28: error[RF105]: an element of 'on' is 'fail'; it must be failure, timeout, oom or lost-node"
            ),
            (
                "a: {run: x, retry: {backoff: exp}}",
                "32: error[RF105]: 'backoff' is 'exp'; it must be none, constant, linear or exponential"
            ),
            ("a: {run: x, on-crash: ignore}", "25: error[RF105]: 'on-crash' is 'ignore'; it must be rerun or ask"),
            ("a: {run: x, sandbox: yes}", "24: error[RF105]: 'sandbox' is 'yes'; it must be none or scratch"),
            ("a: {run: x, continue-on-error: 1}", "34: error[RF105]: 'continue-on-error' wants true or false, this is '1'"),
            ("a: {run: x, deterministic: no}", "30: error[RF103]: 'deterministic' wants true or false, this is a string"),
            ("a: {run: x, shell: ''}", "22: error[RF105]: 'shell' names no program"),
            ("a: {run: x, needs: {b: c}}", "22: error[RF103]: 'needs' wants a list of steps, this is a map"),
            ("a: {run: x, with: [1]}", "21: error[RF103]: 'with' wants a map, this is a list"),
            ("a: {run: x, with: {1: 2}}", "22: error[RF107]: '1' is no name for an argument"),
            ("a: {run: x, outputs: {o: {from: a, path: b}}}", "38: error[RF114]: 'from' and 'path' exclude one another"),
            ("a: {run: x, outputs: {o: {path: b}}}", "29: error[RF114]: 'path' gives a file, but the type is string"),
            ("a: {run: x, outputs: {o: {type: file, glob: b}}}", "41: error[RF114]: 'glob' gives a list of files, but the type is file"),
            ("a: {run: x, outputs: {o: {type: file, from: b}}}", "41: error[RF113]: 'from' reads the content of a file"),
            ("a: {run: x, outputs: {o: {pointer: a}}}", "38: error[RF105]: 'a' is no JSON pointer"),
            ("a: {call: f, outputs: {o: {from: a}}}", "30: error[RF113]: 'from' has no meaning here: the output is the returned field 'o'"),
            ("a: {run: x, outputs: {o: {type: int, default: z}}}", "49: error[RF103]: 'default' wants an int, this is '\"z\"'"),
            ("a: {run: x, outputs: {o: string}}", "28: error[RF103]: output 'o' wants a map, this is a string"),
        ])
    func steps(step: String, rest: String) {
        #expect(Reading.heads(Reading.stepFaults("  " + step)) == ["w.yaml:3:" + rest])
    }

    @Test("every code has its own number, name and explanation")
    func codes() {
        #expect(DiagnosticCode.syntax.name == "RF004" && DiagnosticCode.interpolation.name == "RF301")
        #expect(Set(DiagnosticCode.allCases.map(\.explanation)).count == DiagnosticCode.allCases.count)
    }

    @Test("beyond the cap faults are only counted")
    func cap() {
        let steps = (0..<60).map { "  s\($0): {rum: x, run: y}\n" }.joined()
        let rendered = Reading.stepFaults(steps)
        #expect(Reading.heads(rendered).count == DiagnosticLimits.shown)
        #expect(rendered.hasSuffix("\nw.yaml: 10 more not shown"))
    }

    @Test("a long line is cut around the caret")
    func longLine() {
        let rendered = Reading.stepFaults(
            "  a: {run: x, name: \(String(repeating: "n", count: 300)), rum: 1, name2: \(String(repeating: "n", count: 300))}")
        let lines = rendered.split(separator: "\n")
        #expect(lines[1].hasPrefix("  3 | …n") && lines[1].hasSuffix("n…"))
        let caret = lines[2].distance(from: lines[2].startIndex, to: lines[2].firstIndex(of: "^") ?? lines[2].startIndex)
        #expect(String(lines[1].dropFirst(caret).prefix(3)) == "rum")
    }
}
