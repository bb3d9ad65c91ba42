import Testing

@testable import Workflow

@Suite("The body of a step as bytes") struct FingerprintTests {
    private func body(_ step: String) throws -> [UInt8] {
        let head = "rayflow: 1\nactors: {c: {type: M.C}}\nsteps:\n  z: {run: z, outputs: {o: {}}}\n  "
        return try #require(try Reading.workflow(head + step).steps.last).normalisedBody
    }

    @Test(
        "layout, comments, quotes, key order and all that is not the body do not count",
        arguments: [
            ("a: {run: echo x}", "b:\n    # remark\n    run: |-\n      echo x"),
            ("a: {run: x, env: {A: 1, B: 2}}", "a:\n    env:\n      B: '2'\n      A: \"1\"\n    run: x"),
            ("a: {run: x, retry: 3, timeout: 1s, resources: {cpus: 2}, needs: [z], name: n}", "b: {run: x}"),
            ("a: {command: [x, '${{ steps.z.outputs.o }}']}", "a: {command: ['x', '${{steps.z.outputs.o   }}']}"),
            ("a: {run: x, with: {k: 1}}", "a: {run: x, with: {k: 2}}"),
            ("a: {value: {x: 1, y: {p: 1, q: [2]}}}", "a: {value: {y: {q: [2], p: 0x1}, x: 1}}"),
            ("a: {run: x, outputs: {o: {type: int}, p: {}}}", "a: {run: x, outputs: {p: {}, o: {type: int}}}"),
        ])
    func equal(first: String, second: String) throws {
        #expect(try body(first) == body(second))
    }

    @Test(
        "the body counts",
        arguments: [
            ("a: {run: echo x}", "a: {run: echo  x}"),
            ("a: {run: x}", "a: {command: [x]}"),
            ("a: {command: [x, y]}", "a: {command: [x y]}"),
            ("a: {call: M.f}", "a: {call: M.g}"),
            ("a: {call: M.f}", "a: {call: M.f, version: 2}"),
            ("a: {actor: c, method: f}", "a: {actor: c, method: g}"),
            ("a: {run: x}", "a: {run: x, env: {A: 1}}"),
            ("a: {run: x}", "a: {run: x, shell: sh}"),
            ("a: {run: x}", "a: {run: x, workdir: w}"),
            ("a: {run: x}", "a: {run: x, sandbox: scratch}"),
            ("a: {run: x}", "a: {run: x, stdin: s}"),
            ("a: {run: x, outputs: {o: {}}}", "a: {run: x, outputs: {o: {from: stdout}}}"),
            ("a: {run: x, outputs: {o: {}}}", "a: {run: x, outputs: {o: {type: int}}}"),
            ("a: {value: {x: 1}}", "a: {value: {x: '1'}}"),
        ])
    func different(first: String, second: String) throws {
        #expect(try body(first) != body(second))
    }

    @Test("the templates of the body are listed in a fixed order")
    func templates() throws {
        let file = try Reading.workflow(
            """
            rayflow: 1
            inputs: {i: {}}
            steps:
              a:
                env: {B: "b${{ inputs.i }}", A: "${{ inputs.i }}"}
                command: [x, "c${{ inputs.i }}"]
                stdin: s${{ inputs.i }}
            """
        )
        #expect(file.steps[0].bodyTemplates.map { String($0.scalar.text.prefix(1)) } == ["c", "s", "$", "b"])
    }
}
