import Testing

@testable import Workflow

@Suite("Places in YAML") struct PositionTests {
    @Test("keys and values know line, column and byte")
    func nodes() throws {
        let node = try Reading.yaml("ä: [ü, &x {k: v}]\nlist:\n  - a\n  - &y b\n")
        let map = try #require(node.map)
        #expect(map[0].key.position == SourcePosition(line: 1, column: 1, offset: 0))
        #expect(map[0].value.position == SourcePosition(line: 1, column: 4, offset: 4))
        #expect(map[0].value.list?[0].position == SourcePosition(line: 1, column: 5, offset: 5))
        #expect(map[0].value.list?[1].position == SourcePosition(line: 1, column: 11, offset: 12), "behind the anchor")
        #expect(map[0].value.list?[1].map?[0].value.position.column == 15)
        #expect(map[1].value.position == SourcePosition(line: 3, column: 3, offset: 28))
        #expect(map[1].value.list?[1].position == SourcePosition(line: 4, column: 8, offset: 39))
    }

    @Test("an anchor on its own line does not move what it names")
    func anchorLine() throws {
        let node = try Reading.yaml("a: &x # remark\n  b: 1\n")
        #expect(node["a"]?.position.description == "2:3")
    }

    /// Each text has one `@`, whose place is sought.
    @Test(
        "a character within a scalar is found in the file",
        arguments: [
            "a: one @ two",
            "a: 'it''s @ there'",
            "a: \"tab\\t, \\u00e4\\x41\\U0001F600 @ there\"",
            "a: äöü @",
            "a: one\n  two\n\n  three @ four",
            "a: 'one\n\n\n  two''s @'",
            "a: \"one \\\n   two @\"",
            "a: \"one   \n   two\\n @\"",
            "a: |\n  one\n\n    two @\n  three\n",
            "a: |2\n    one\n  two @\n",
            "- a: |+\n    @\n\n",
            "a: >\n  one\n  two @\n\n  three\n",
            "a: >-\n\n  one\n\n\n  two\n    three\n  four @\n",
            "a: |\r\n  one\r\n  two @\r\n",
        ])
    func withinScalar(text: String) throws {
        let source = try SourceText(file: "t", checking: Array(text.utf8))
        let node = try YAMLParser.parse(source)
        let map = try #require(node.map ?? node.list?[0].map)
        let scalar = try #require(map[0].value.scalar)
        let offset = try #require(scalar.text.scalarOffset(of: "@"))
        #expect(source.position(of: scalar, at: offset).offset == Array(text.utf8).firstIndex(of: UInt8(ascii: "@")))
    }

    @Test("places beyond a scalar or a text stay within")
    func bounds() throws {
        let source = try SourceText(file: "t", checking: Array("a: bcd".utf8))
        let scalar = try #require(try YAMLParser.parse(source)["a"]?.scalar)
        #expect(source.position(of: scalar, at: 99).description == "1:7")
        #expect(source.position(of: scalar, at: -1).description == "1:4")
        #expect(source.position(at: 99).offset == 6)
        #expect(source.line(99) == "")
    }
}
