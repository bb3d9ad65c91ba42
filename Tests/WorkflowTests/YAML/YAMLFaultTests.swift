import Foundation
import Testing

@testable import Workflow

@Suite("Faults of YAML") struct YAMLFaultTests {
    @Test("a fault shows its place, the line, a caret and a hint")
    func rendering() {
        let rendered = Reading.yamlFaults("a: 1\nb:\n\tc: 2\n")
        #expect(
            rendered == """
                t.yaml:3:1: error[RF004]: not valid YAML: found character that cannot start any token while scanning for the next token
                  3 | \tc: 2
                    | ^
                  hint: indent with spaces, not with tabs
                """)
    }

    @Test(
        "each fault has its code and place",
        arguments: [
            ("a: 1\nb: 2\na: 3", "t.yaml:3:1: error[RF007]: the key 'a' stands twice in this map (first in line 1)"),
            ("x: {k: 1, 'k': 2}", "t.yaml:1:11: error[RF007]: the key 'k' stands twice in this map (first in line 1)"),
            ("a: !!str 1", "t.yaml:1:4: error[RF005]: tags are not supported"),
            ("a: &x !!str 1", "t.yaml:1:7: error[RF005]: tags are not supported"),
            ("a: ! 1", "t.yaml:1:4: error[RF005]: tags are not supported"),
            ("a: 1\n---\nb: 2", "t.yaml:2:1: error[RF006]: a second YAML document begins here"),
            ("", "t.yaml: error[RF002]: the file is empty"),
            ("# only a remark\n", "t.yaml: error[RF002]: the file is empty"),
            ("a: *b", "t.yaml:1:4: error[RF008]: no anchor '&b' stands before this alias"),
            ("a: &a [*a]", "t.yaml:1:8: error[RF008]: the alias '*a' lies within what it names"),
            ("[a]: b", "t.yaml:1:1: error[RF010]: a key must be a scalar, this is a list"),
            ("? {a: b}\n: c", "t.yaml:1:3: error[RF010]: a key must be a scalar, this is a map"),
            ("a: {<<: 1}", "t.yaml:1:9: error[RF012]: '<<' wants a map or a list of maps, this is an int"),
            ("a: {<<: [{b: 1}, x]}", "t.yaml:1:18: error[RF012]: '<<' wants a map or a list of maps, this is a string"),
            ("%TAG ! tag:x\n---\na", "t.yaml:1:1: error[RF013]: the directive '%TAG' is not supported"),
            ("%YAML 1.2#x\n---\na", "t.yaml:1:1: error[RF013]: the directive '%YAML' is not supported"),
            ("a: \u{0}", "t.yaml:1:4: error[RF011]: a NUL character: this is no text file"),
            ("a: \u{1B}[0m", "t.yaml:1:4: error[RF011]: the control character U+001B, which YAML does not allow"),
            (
                "a: x\u{2028}y",
                "t.yaml:1:5: error[RF011]: the line separator U+2028, which YAML versions read differently; "
                    + "write an escape in double quotes"
            ),
            ("a: [b", "t.yaml:1:6: error[RF004]: not valid YAML: did not find expected ',' or ']' while parsing a flow sequence"),
            ("a: b: c", "t.yaml:1:5: error[RF004]: not valid YAML: mapping values are not allowed in this context"),
            ("a: 'b'#c", "t.yaml:1:7: error[RF004]: not valid YAML: a comment without a blank before it"),
            ("[a, b]#c", "t.yaml:1:7: error[RF004]: not valid YAML: a comment without a blank before it"),
            ("[a,#c\nb]", "t.yaml:1:4: error[RF004]: not valid YAML: a comment without a blank before it"),
            ("a: |#c\n  b", "t.yaml:1:5: error[RF004]: not valid YAML: a comment without a blank before it"),
            ("a: [-]", "t.yaml:1:5: error[RF004]: not valid YAML: a lone '-' within a flow collection"),
            ("[a, ?b]", "t.yaml:1:5: error[RF004]: a text that begins with '?' is read differently by YAML versions"),
            (
                "a: [b,\nc]",
                "t.yaml:2:1: error[RF004]: not valid YAML: a line within a flow collection is not indented deeper than the block around it"
            ),
            (
                "- [\n\tb\n  ]",
                "t.yaml:2:2: error[RF004]: not valid YAML: a line within a flow collection is not indented deeper than the block around it"
            ),
            (
                "k:\n- \"b\nc\"",
                "t.yaml:3:1: error[RF004]: not valid YAML: a line within a quoted text is not indented deeper than the block around it"
            ),
            (
                "a: >\n\n     \n  # b\n",
                "t.yaml:4:3: error[RF004]: not valid YAML: the block scalar begins with a blank line that is longer than "
                    + "the indentation of its text"
            ),
            ("a: &b:c d", "t.yaml:1:6: error[RF004]: the name of an anchor or alias consists of letters, digits, '-' and '_'"),
        ])
    func faults(text: String, head: String) {
        #expect(Reading.heads(Reading.yamlFaults(text)) == [head])
    }

    @Test(
        "what only looks like such a fault is read",
        arguments: [
            "a: [\n  b\n]", "a: {\n}", "[a\n,b]", "\"a\nb\"", "a: 'b' #c", "a: \"b\n\n # c\"", "- - [a,\n    b]", "a:\n- [b,\n  c]",
            "x: &x\n- 'a\n  b'",
            "a: |\n\n  b", "a: |2\n      \n  b", "%YAML 1.2 # c\n---\na: 1", "a: [ # c\n  b ]", "a: b#c", "a: [b#c]", "[? a : b]",
        ])
    func allowed(text: String) {
        #expect(Reading.yamlFaults(text) == "")
    }

    @Test("all equal keys are reported at once, in order")
    func several() {
        let heads = Reading.heads(Reading.yamlFaults("a: 1\na: 2\nb: {c: 1, c: 2}\na: 3\n"))
        #expect(heads.map { String($0.prefix(10)) } == ["t.yaml:2:1", "t.yaml:3:11", "t.yaml:4:1"].map { String($0.prefix(10)) })
    }

    @Test("a nearest anchor is proposed")
    func nearestAnchor() {
        #expect(Reading.yamlFaults("a: &small 1\nb: *smal\n").hasSuffix("hint: did you mean '*small'?"))
    }

    @Test("an expression in a flow collection without quotes gets its own hint")
    func flowExpression() {
        #expect(Reading.yamlFaults("a: {cpus: ${{ item }}}").hasSuffix("hint: put a text that holds ${{ }} in quotes within { } and [ ]"))
    }

    // MARK: Limits

    @Test("nesting is bounded, also by aliases")
    func depth() {
        let depth = YAMLLimits.depth
        #expect(Reading.yamlFaults(String(repeating: "[", count: depth) + String(repeating: "]", count: depth)) == "")
        let deeper = Reading.yamlFaults(String(repeating: "[", count: depth + 1) + String(repeating: "]", count: depth + 1))
        #expect(Reading.heads(deeper) == ["t.yaml:1:65: error[RF009]: nesting deeper than 64"])
        #expect(Reading.heads(Reading.yamlFaults(String(repeating: "[", count: 200_000))).count == 1)
        let half = String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
        let heads = Reading.heads(
            Reading.yamlFaults("- &a \(half)\n- \(String(repeating: "[", count: 30))*a\(String(repeating: "]", count: 30))"))
        #expect(heads == ["t.yaml:2:33: error[RF009]: nesting deeper than 64 by this alias"])
    }

    @Test("an alias bomb is refused where it would burst")
    func bomb() {
        var text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
        for level in 1...9 {
            text += "a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ","))]\n"
        }
        let heads = Reading.heads(Reading.yamlFaults(text))
        #expect(heads.count == 1 && heads[0].hasSuffix("error[RF009]: more than 1000000 nodes when all aliases are expanded"))
        #expect(heads[0].hasPrefix("t.yaml:6:"))
    }

    @Test("a merge bomb is refused, too")
    func mergeBomb() {
        var text = "a0: &a0 {\((0..<100).map { "k\($0): 1" }.joined(separator: ", "))}\n"
        for level in 1...5000 { text += "b\(level): {<<: [*a0, *a0]}\n" }
        #expect(Reading.heads(Reading.yamlFaults(text)).count == 1)
    }

    @Test("a file beyond the size cap is refused")
    func size() {
        let bytes = [UInt8](repeating: UInt8(ascii: "#"), count: YAMLLimits.fileBytes + 1)
        #expect(Reading.faults { _ = try SourceText(file: "t", checking: bytes) } == "t: error[RF009]: is larger than 16 MiB")
    }
}
