import Testing

@testable import Workflow

@Suite("Drawing the graph") struct GraphRenderingTests {
    private func file() throws -> WorkflowFile {
        try Reading.workflow(
            """
            rayflow: 1
            name: a "b" \\
            actors: {c: {type: M.C}}
            steps:
              end: {run: x, outputs: {o: {type: json}}}
              each: {for-each: "${{ steps.end.outputs.o }}", call: M.f<T>}
              tick: {actor: c, method: add, needs: [{step: end, order-only: true}]}
              cmd: {command: [x], needs: [each, tick]}
              sum: {value: {x: 1}}
            """)
    }

    @Test("as Mermaid") func mermaid() throws {
        #expect(
            try GraphRendering.mermaid(of: file()) == """
                flowchart TD
                    s0["end<br/>run"]
                    s1(["each ×<br/>call M.f#60;T#62;"])
                    s2[("tick<br/>c.add")]
                    s3[/"cmd<br/>command"/]
                    s4{{"sum<br/>value"}}
                    s0 --> s1
                    s0 -.-> s2
                    s1 --> s3
                    s2 --> s3

                """)
    }

    @Test("as Mermaid with states") func mermaidStates() throws {
        let text = try GraphRendering.mermaid(of: file(), states: ["end": "success", "each": "timed-out", "sum": "success", "gone": "x"])
        #expect(text.contains("s0[\"end<br/>run<br/>success\"]"))
        #expect(
            text.hasSuffix(
                """
                    classDef state_success fill:#d3f9d8,stroke:#2b8a3e
                    class s0,s4 state_success
                    classDef state_timed_out fill:#ffe3e3,stroke:#c92a2a
                    class s1 state_timed_out

                """))
    }

    @Test("as DOT") func dot() throws {
        #expect(
            try GraphRendering.dot(of: file(), states: ["end": "running"]) == #"""
                digraph "a \"b\" \\" {
                    rankdir=TB;
                    node [fontname="sans-serif", style=filled, fillcolor="white"];
                    "end" [shape=box, label="end\nrun\nrunning", fillcolor="#d0ebff", color="#1864ab"];
                    "each" [shape=oval, label="each ×\ncall M.f<T>", peripheries=2];
                    "tick" [shape=cylinder, label="tick\nc.add"];
                    "cmd" [shape=parallelogram, label="cmd\ncommand"];
                    "sum" [shape=hexagon, label="sum\nvalue"];
                    "end" -> "each";
                    "end" -> "tick" [style=dashed];
                    "each" -> "cmd";
                    "tick" -> "cmd";
                }

                """#)
    }
}
