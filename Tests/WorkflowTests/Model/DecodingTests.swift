import RayflowCore
import Testing

@testable import Workflow

@Suite("The model of a file") struct DecodingTests {
    @Test("a workflow with everything that this version supports")
    func full() throws {
        let file = try Reading.workflow(
            """
            rayflow: 1
            x-small: &small {resources: {cpus: 0.5}, timeout: 5m}
            name: all
            description: Everything.
            app: {package: ../app, product: App}
            labels: {team: core, year: 2024}
            failure-policy: continue
            timeout: 2h
            max-parallel: 8
            env: {A: workflow, B: workflow, N: 007, E: }
            defaults:
              env: {B: defaults}
              shell: sh -eu
              retry: 2
              grace: 1s
              resources: {memory: 1GiB, db: 1}
              sandbox: scratch
            inputs:
              n: {type: int, default: 3, min: 1, max: 9}
              ratio: {type: float, default: 2}
              mode: {type: enum, choices: [fast, slow], default: slow}
              names: {type: list<string>, default: [a, 1.10]}
              who: {pattern: "[a-z]+"}
              maybe: {required: false}
              none: {type: int, default: null}
            actors:
              counter: {type: Demo.Counter, with: {start: "${{ inputs.n }}"}, max-restarts: 2, max-task-retries: 1, max-concurrency: 4}
            steps:
              gen:
                <<: *small
                run: |
                  echo hi
                shell: bash -e
                env: {A: "${{ inputs.who }}"}
                outputs:
                  text: {from: stdout}
                  err: {from: stderr, optional: true}
                  kv: {type: int, default: 4}
                  doc: {type: list<json>, from: plan.json, pointer: /shards}
                  top: {type: file, path: top.json}
                  all: {type: list<file>, glob: "*.txt"}
              each:
                for-each: ${{ steps.gen.outputs.doc }}
                key: ${{ item.id }}
                max-parallel: 2
                if: item.ok && success()
                command: [./score, "${{ item }}", 1.10, true]
                stdin: ${{ steps.gen.outputs.text }}
                workdir: out/${{ item-index }}
                timeout: ${{ inputs.n }}s
                continue-on-error: true
                on-crash: ask
                retry:
                  max-attempts: 4
                  backoff: linear
                  delay: 2s
                  factor: 3
                  max-delay: 1m
                  jitter: 0
                  if: ${{ attempt.number < 3 }}
                  on: [timeout, lost-node]
                resources: {cpus: 2, memory: "${{ attempt.number }}GiB", gpus: 0, lic: 1}
                sandbox: none
              call:
                call: Site.publish
                needs: [{step: each, order-only: true}, gen]
                with: {v: 1, deep: {l: [x, "${{ inputs.n }}"], n: null}}
                version: 2
                deterministic: false
              tick: {actor: counter, method: add, needs: call}
              sum:
                value: {total: "${{ steps.tick.outputs.result }}", fixed: [1, 2]}
            outputs:
              total: ${{ steps.sum.outputs.total }}
              list: ["${{ steps.each.result }}", 1]
            """)
        #expect(file.name == "all")
        #expect(file.description == "Everything.")
        #expect(file.app == .package(path: "../app", product: "App"))
        #expect(file.labels.map { "\($0.name)=\($0.value)" } == ["team=core", "year=2024"])
        #expect(file.failurePolicy == .goOn)
        #expect(file.timeout == .seconds(7200))
        #expect(file.maxParallel == 8)
        #expect(file.inputs.map(\.defaultValue) == [3, 2.0, "slow", ["a", "1.10"], nil, nil, .null])
        #expect(file.inputs.map(\.isRequired) == [false, false, false, false, true, false, false])
        #expect(file.inputs[0].maximum == 9)
        #expect(file.actors[0].type == "Demo.Counter")
        #expect([file.actors[0].maxRestarts, file.actors[0].maxTaskRetries, file.actors[0].maxConcurrency] == [2, 1, 4])

        let gen = try #require(file.step("gen"))
        #expect(gen.shell == ["bash", "-e"])
        #expect(gen.env.map { "\($0.name)=\($0.value.scalar.text)" } == ["A=${{ inputs.who }}", "B=defaults", "N=007", "E="])
        #expect(gen.retry.maxAttempts == 3, "two retries after the first attempt")
        #expect(gen.grace.literalValue == .seconds(1))
        #expect(gen.timeout?.literalValue == .seconds(300))
        #expect(gen.resources.cpus?.literalValue == 0.5)
        #expect(gen.resources.memory?.literalValue == .gibibytes(1))
        #expect(gen.sandbox == .scratch)
        #expect(gen.outputNames == ["text", "err", "kv", "doc", "top", "all"])
        #expect(gen.outputs.map(\.type) == [.string, .string, .int, .list(.json), .file, .list(.file)])
        #expect(gen.outputs[3].pointer == "/shards")
        #expect(gen.dependencies.isEmpty)

        let each = try #require(file.step("each"))
        #expect(each.forEach?.maxParallel?.literalValue == 2)
        #expect(each.forEach?.key?.scalar.text == "${{ item.id }}")
        #expect(each.shell == ["sh", "-eu"])
        guard case .command(let words) = each.kind else {
            Issue.record("no command")
            return
        }
        #expect(words.map(\.scalar.text) == ["./score", "${{ item }}", "1.10", "true"])
        #expect(each.timeout?.template?.isLiteral == false)
        #expect(each.onCrash == .ask)
        #expect(each.continueOnError.literalValue == true)
        #expect(each.retry.maxAttempts == 4 && each.retry.backoff == .linear && each.retry.delay == .seconds(2) && each.retry.factor == 3)
        #expect(each.retry.maxDelay == .seconds(60) && each.retry.jitter == 0 && each.retry.causes == [.timeout, .lostNode])
        #expect(each.resources.named.map(\.name) == ["lic", "db"])
        #expect(each.resources.memory?.template != nil)
        #expect(each.sandbox == .none)
        #expect(each.dependencies == ["gen"])

        let call = try #require(file.step("call"))
        #expect(call.needs.map(\.isOrderOnly) == [true, false])
        #expect(call.dependencies == ["each", "gen"])
        #expect(call.version == "2" && !call.isDeterministic)
        #expect(call.with[0].value.literalValue == 1)
        #expect(call.with[1].value.literalValue == nil)
        #expect(call.outputNames == ["result"])
        #expect(file.step("tick")?.dependencies == ["call"])
        #expect(file.step("sum")?.dependencies == ["tick"])
        #expect(file.step("SUM")?.id == "sum", "as expressions look it up")
    }

    @Test("what the file does not say has the defaults of the language")
    func defaults() throws {
        let file = try WorkflowLoader.load(text: "rayflow: 1\nsteps: {a: {run: x}}", file: "some/folder/night.build.yaml")
        let step = file.steps[0]
        #expect(file.name == "night.build")
        #expect(file.failurePolicy == .drain && file.timeout == nil && file.maxParallel == nil && file.app == nil)
        #expect(step.shell == ["bash", "-euo", "pipefail"] && step.sandbox == .none && step.onCrash == .rerun && step.isDeterministic)
        #expect(step.grace.literalValue == .seconds(10) && step.timeout == nil && step.continueOnError.literalValue == false)
        #expect(step.retry.maxAttempts == 1 && step.retry.backoff == .exponential && step.retry.delay == .seconds(1))
        #expect(step.retry.maxDelay == .seconds(300) && step.retry.jitter == 0.1 && step.retry.causes == [.failure, .timeout, .oom])
        #expect(step.forEach == nil && step.condition == nil && step.stdin == nil && step.workdir == nil && step.resources.cpus == nil)
    }

    @Test("trees keep their order, their types and their places, and evaluate as a whole")
    func trees() throws {
        let file = try Reading.workflow(
            "rayflow: 1\ninputs: {n: {type: int}}\nsteps:\n  a:\n    value:\n      t: {z: 1.5, a: [\"${{ inputs.n }}\", yes, ~]}\n")
        guard case .value(let members) = file.steps[0].kind else {
            Issue.record("no value")
            return
        }
        struct Inputs: EvaluationContext {
            func value(of context: String) -> Value? { context == "inputs" ? ["n": 7] : nil }
            func call(function: String, arguments: [Value]) throws -> Value { .null }
        }
        #expect(try members[0].value.evaluate(in: Inputs()).json().compact == #"{"z":1.5,"a":[7,"yes",null]}"#)
        #expect(members[0].value.templates.map(\.position.description) == ["6:23"])
        #expect(members[0].value.position.description == "6:10")
    }

    @Test("a fault of evaluation is shown at its place in the file")
    func evaluationFault() throws {
        let file = try Reading.workflow("rayflow: 1\nsteps:\n  a:\n    with:\n      x: one ${{ fromJSON('{') }}\n    run: x\n")
        struct Nothing: EvaluationContext {
            func value(of context: String) -> Value? { nil }
            func call(function: String, arguments: [Value]) throws -> Value { .null }
        }
        do {
            _ = try file.steps[0].with[0].value.evaluate(in: Nothing())
            Issue.record("evaluated")
        } catch {
            let diagnostic = try #require(file.source.diagnostic(error))
            #expect(diagnostic.place == "w.yaml:5:18" && diagnostic.code == .expression)
        }
    }
}
