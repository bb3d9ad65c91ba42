import Testing

@testable import Workflow

@Suite("Faults of references and the graph") struct ReferenceFaultTests {
    @Test("a reference to a step that does not exist, with the nearest")
    func undefinedStep() {
        #expect(
            Reading.stepFaults("  greet: {run: x}\n  shout:\n    stdin: hi ${{ steps.gret.outputs.text }}\n    run: y\n") == """
                w.yaml:5:19: error[RF202]: there is no step 'gret'
                  5 |     stdin: hi ${{ steps.gret.outputs.text }}
                    |                   ^
                  hint: did you mean 'greet'?
                """)
    }

    @Test("the place is right within a block, too")
    func withinBlock() {
        let heads = Reading.heads(
            Reading.stepFaults("  a:\n    unsafe-interpolation: true\n    run: |\n      one\n        two ${{ inputs.x }}\n"))
        #expect(heads == ["w.yaml:7:17: error[RF203]: there is no input 'x'"])
    }

    @Test(
        "references",
        arguments: [
            ("b: {run: x, with: {i: '${{ inputs.nn }}'}}", "30", "RF203", "there is no input 'nn'"),
            ("b: {run: x, with: {i: '${{ steps.a.outputs.tex }}'}}", "30", "RF205", "step 'a' has no output 'tex'"),
            ("b: {run: x, with: {i: '${{ steps.v.outputs.w }}'}}", "30", "RF205", "step 'v' has no output 'w'"),
            ("b: {run: x, with: {i: '${{ steps.c.outputs.rest }}'}}", "30", "RF205", "step 'c' has no output 'rest'"),
            ("b: {run: x, with: {i: '${{ steps.a.output.text }}'}}", "30", "RF213", "a step has 'outputs' and 'result', but no 'output'"),
            (
                "b: {run: x, with: {i: '${{ toJSON(steps) }}'}}", "37", "RF211",
                "the step must be named: it is planned before any value is known"
            ),
            (
                "b: {run: x, with: {i: '${{ steps[inputs.n].outputs.o }}'}}", "30", "RF211",
                "the step must be named: it is planned before any value is known"
            ),
            ("b: {run: x, with: {i: '${{ needs.a.result }}'}}", "30", "RF212", "step 'b' does not list 'a' in 'needs'"),
            ("b: {run: x, needs: [a], with: {i: '${{ needs.a.outputs.z }}'}}", "42", "RF205", "step 'a' has no output 'z'"),
            ("b: {run: x, with: {i: '${{ item }}'}}", "30", "RF208", "'item' is there only in a step with 'for-each'"),
            ("b: {run: x, with: {i: '${{ item-index }}'}}", "30", "RF208", "'item-index' is there only in a step with 'for-each'"),
            ("b: {run: x, for-each: '${{ item }}'}", "30", "RF208", "'item' is not there in 'for-each'"),
            ("b: {run: x, if: attempt.number}", "19", "RF210", "'attempt' is not there in 'if'"),
            ("b: {run: x, env: {A: '${{ env.B }}'}}", "29", "RF210", "'env' is not there in 'env'"),
            ("b: {run: x, with: {i: '${{ failure() }}'}}", "25", "RF210", "failure() has a meaning in 'if' only"),
            (
                "b: {run: x, with: {i: '${{ matrix.os }}'}}", "30", "RF210",
                "the context 'matrix' belongs to the language, but this version does not support it yet"
            ),
            (
                "b: {run: x, env: {i: '${{ secrets.T }}'}}", "29", "RF210",
                "the context 'secrets' belongs to the language, but this version does not support it yet"
            ),
            ("b: {run: x, needs: [a, aa]}", "26", "RF206", "there is no step 'aa'"),
            ("b: {run: x, needs: A}", "22", "RF206", "there is no step 'A'"),
            ("b: {actor: k, method: m}", "3", "RF209", "there is no actor 'k'"),
        ])
    func references(step: String, column: String, code: String, message: String) {
        let text = """
            rayflow: 1
            inputs: {n: {type: int}}
            steps:
              a: {run: x, outputs: {text: {}}}
              v: {value: {u: 1}}
              c: {call: f}
              \(step)
            """
        #expect(Reading.heads(Reading.workflowFaults(text)) == ["w.yaml:7:\(column): error[\(code)]: \(message)"])
    }

    @Test("expressions that are none are shown at the character")
    func expressions() {
        let heads = Reading.heads(Reading.stepFaults("  a: {run: x, with: {i: 'a ${{ lenn(1) }}'}}"))
        #expect(heads.count == 1 && heads[0].hasPrefix("w.yaml:3:32: error[RF109]: "))
        #expect(
            Reading.heads(Reading.stepFaults("  a: {run: x, with: {i: 'a ${{ 1 '}}")).map { String($0.prefix(25)) } == [
                "w.yaml:3:28: error[RF109]"
            ])
        #expect(Reading.stepFaults("  a: {run: x, with: {i: '${{ input.x }}'}}").hasSuffix("hint: did you mean 'inputs'?"))
    }

    @Test("the workflow's own places have fewer contexts")
    func outside() {
        func heads(_ text: String) -> [String] { Reading.heads(Reading.workflowFaults(text)) }
        #expect(
            heads("rayflow: 1\nsteps: {a: {run: x}}\noutputs: {o: '${{ steps.b.outputs.x }}', p: '${{ needs.a.result }}'}") == [
                "w.yaml:3:19: error[RF202]: there is no step 'b'",
                "w.yaml:3:50: error[RF210]: 'needs' is not there in the workflow's outputs",
            ])
        #expect(
            heads("rayflow: 1\nenv: {A: '${{ steps.a.outputs.x }}'}\nsteps: {a: {run: x}, b: {run: y}}") == [
                "w.yaml:2:15: error[RF210]: 'steps' is not there in the workflow's 'env'"
            ])
        #expect(
            heads("rayflow: 1\nactors: {c: {type: C, with: {a: '${{ item }}'}}}\nsteps: {a: {actor: c, method: m}}") == [
                "w.yaml:2:38: error[RF208]: 'item' is there only in a step with 'for-each'"
            ])
    }

    @Test("what is right passes")
    func right() throws {
        let file = try Reading.workflow(
            """
            rayflow: 1
            inputs: {n: {type: int, default: 1}}
            actors: {c: {type: C, with: {a: "${{ steps.a.outputs.text }}"}}}
            steps:
              a: {run: x, outputs: {text: {}}}
              c: {call: f, outputs: {x: {}}}
              e:
                for-each: ${{ steps['c'].outputs.X }}
                key: ${{ item.id }}-${{ item-key }}
                if: always() && item.ok && needs.a.result == 'success'
                needs: [a]
                run: x
                env: {O: "${{ item-index }}"}
                with: {r: "${{ steps.C.outputs.result }}", all: "${{ toJSON(inputs) }}", n: "${{ run.id }}", m: "${{ attempt.number }}"}
                outputs:
                  p: {type: file, path: "${{ env.O }}.txt"}
              t: {actor: c, method: m}
            outputs: {o: "${{ steps.t.outputs.result }}", r: "${{ steps.e.result }}"}
            """)
        #expect(file.step("e")?.dependencies == ["c", "a"])
        #expect(file.actors[0].dependencies == ["a"])
        #expect(file.step("t")?.dependencies == ["a"], "an actor's first call waits for what makes the actor")
    }

    // MARK: Cycles

    @Test("a cycle is shown with its whole path")
    func cycle() {
        #expect(
            Reading.stepFaults(
                "  z: {run: x}\n  a: {run: x, needs: [z, b]}\n  b: {run: x, stdin: '${{ steps.c.result }}'}\n  c: {run: x, needs: [a]}\n")
                    == """
                    w.yaml:4:26: error[RF207]: steps wait for one another: a → b → c → a
                      4 |   a: {run: x, needs: [z, b]}
                        |                          ^
                    """)
    }

    @Test("a step that waits for itself, and two cycles at once")
    func cycles() {
        #expect(
            Reading.heads(Reading.stepFaults("  a: {run: x, needs: a}\n  b: {run: x, needs: c}\n  c: {run: x, needs: b}\n")) == [
                "w.yaml:3:22: error[RF207]: a step waits for itself: a → a",
                "w.yaml:4:22: error[RF207]: steps wait for one another: b → c → b",
            ])
    }

    @Test("a chain of many steps needs no stack")
    func chain() throws {
        let steps = (0..<20_000).map { "  s\($0): {run: x\($0 == 0 ? "" : ", needs: s\($0 - 1)")}\n" }.joined()
        #expect(try Reading.workflow("rayflow: 1\nsteps:\n" + steps).steps.count == 20_000)
    }

    // MARK: Safety

    @Test("${{ }} in a script is refused at its place")
    func interpolation() {
        #expect(
            Reading.stepFaults("  a:\n    run: |\n      x\n      echo ${{ inputs.who }}\n") == """
                w.yaml:6:12: error[RF301]: ${{ }} within 'run' lets data become code
                  6 |       echo ${{ inputs.who }}
                    |            ^
                  hint: move it to 'with: {name: ${{ … }}}' and write "$INPUT_NAME", or set 'unsafe-interpolation: true'
                """)
        #expect(Reading.stepFaults("  a: {unsafe-interpolation: true, run: 'echo ${{ run.id }}'}") == "")
        #expect(Reading.stepFaults("  a: {command: [echo, '${{ run.id }}']}") == "")
    }

    @Test("arguments with the same variable clash")
    func clash() {
        #expect(
            Reading.heads(Reading.stepFaults("  a: {run: x, with: {a-b: 1, A_b: 2}}")) == [
                "w.yaml:3:30: error[RF302]: 'A_b' and 'a-b' both reach the process as $INPUT_A_B"
            ])
        #expect(Reading.heads(Reading.stepFaults("  a: {run: x, with: {a: 1, a_file: 2}}")).count == 1)
        #expect(Reading.stepFaults("  a: {call: f, with: {a-b: 1, a_b: 2}}") == "")
    }

    @Test(
        "items that would write the same file are refused",
        arguments: [
            ("{type: file, path: o.txt}", "", "would write the same file: 'o.txt'"),
            ("{type: file, path: 'o${{ run.id }}.txt'}", "", "would write the same file: 'o${{ run.id }}.txt'"),
            ("{from: o.json}", "", "would write the same file: 'o.json'"),
            ("{type: list<file>, glob: '*.txt'}", "", "would gather one another's files: '*.txt'"),
            ("{type: file, path: '${{ env.O }}'}", ", env: {O: fixed}", "would write the same file: '${{ env.O }}'"),
        ])
    func sharedPath(output: String, more: String, message: String) {
        let heads = Reading.heads(Reading.stepFaults("  a: {for-each: [1, 2], run: x, outputs: {o: \(output)}\(more)}"))
        #expect(heads.count == 1 && heads[0].hasSuffix("error[RF204]: all items of step 'a' \(message)"))
    }

    @Test(
        "items with folders or paths of their own are not",
        arguments: [
            "{type: file, path: '${{ item }}.txt'}}", "{type: file, path: '${{ item-index }}'}}",
            "{type: file, path: o}}, sandbox: scratch",
            "{type: file, path: o}}, workdir: 'd/${{ item }}'", "{type: file, path: '${{ env.O }}'}}, env: {O: '${{ item-key }}'}",
            "{from: stdout}}",
        ])
    func ownPath(rest: String) {
        #expect(Reading.stepFaults("  a: {for-each: [1, 2], run: x, outputs: {o: \(rest)}") == "")
    }

    @Test("one fault does not bring others with it")
    func noEchoes() {
        let rendered = Reading.stepFaults(
            """
              a: {run: x, outputs: {o: {form: x}, 1x: {}}}
              b: {run: y, stdin: "${{ steps.a.outputs.zz }}"}
              c: {uses: x}
              d: {run: x, stdin: "${{ steps.c.outputs.q }}"}
            """)
        let starts = ["w.yaml:3:29: error[RF101]", "w.yaml:3:39: error[RF107]", "w.yaml:5:7: error[RF102]"]
        #expect(Reading.heads(rendered).map { $0.split(separator: "]")[0] + "]" } == starts)
    }

    @Test("faults of all kinds come at once, in the order of the file")
    func allAtOnce() {
        let heads = Reading.heads(
            Reading.workflowFaults(
                "rayflow: 1\nsteps:\n  a: {run: 'x ${{ 1 }}', needs: [zz]}\n  b: {rum: y}\noutputs: {o: '${{ inputs.q }}'}\n"))
        #expect(heads.map { $0.split(separator: "[")[1].prefix(5) } == ["RF301", "RF206", "RF106", "RF101", "RF203"])
    }
}
