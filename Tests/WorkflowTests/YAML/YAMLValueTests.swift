import RayflowCore
import Testing

@testable import Workflow

@Suite("Values of YAML scalars") struct YAMLValueTests {
    @Test(
        "plain scalars follow the core schema of YAML 1.2, with true and false as the only bools",
        arguments: [
            ("null", .null), ("~", .null), ("Null", .null), ("nUll", "nUll"),
            ("true", true), ("false", false), ("False", "False"), ("TRUE", "TRUE"), ("yes", "yes"), ("no", "no"), ("on", "on"),
            ("off", "off"), ("y", "y"), ("tRue", "tRue"),
            ("0", 0), ("-12", -12), ("+7", 7), ("017", 17), ("0o17", 15), ("0x1F", 31), ("0b11", "0b11"), ("1_000", "1_000"),
            ("-0x1", "-0x1"),
            ("0o8", "0o8"), ("0xG", "0xG"), ("0x", "0x"), ("9223372036854775807", .int(.max)),
            ("9223372036854775808", 9.223372036854775808e18),
            ("1.5", 1.5), (".5", 0.5), ("-.5", -0.5), ("5.", 5.0), ("1e3", 1000.0), ("1.e3", 1000.0), ("1E-2", 0.01), ("+1.25e+2", 125.0),
            (".", "."), ("-", "-"), ("e3", "e3"), ("1e", "1e"), ("1.2.3", "1.2.3"), ("1:30", "1:30"), ("2001-12-14", "2001-12-14"),
            (".inf", .double(.infinity)), ("-.INF", .double(-.infinity)), ("+.Inf", .double(.infinity)), (".nan", .double(.nan)),
            ("inf", "inf"),
            ("1e999", .double(.infinity)), ("0x10000000000000000", 0x1p64),
        ] as [(String, JSON)])
    func plain(text: String, value: JSON) {
        let scalar = YAMLScalar(text: text, style: .plain, position: SourcePosition(line: 1, column: 1, offset: 0), end: 0)
        #expect(scalar.value == value)
    }

    @Test("quotes and blocks make strings", arguments: ["'1'", "\"true\"", "|-\n  null", ">-\n  0x1"])
    func quoted(text: String) throws {
        let value = try Reading.yaml("a: " + text)["a"]?.json
        #expect(value?.stringValue != nil)
    }

    @Test("maps, lists, anchors and merges")
    func structure() throws {
        let text = """
            base: &base {a: 1, b: 2}
            more: &more
              b: 3
              c: [x, *base]
            one: {<<: *base, b: 9}
            two:
              <<: [*base, *more]
              d: 4
            """
        let node = try Reading.yaml(text)
        #expect(node["one"]?.json == ["b": 9, "a": 1])
        #expect(node["two"]?.json == ["d": 4, "a": 1, "b": 2, "c": ["x", ["a": 1, "b": 2]]])
    }

    @Test("a quoted << is a key like any other")
    func quotedMerge() throws {
        #expect(try Reading.yaml("{'<<': {a: 1}}").json == ["<<": ["a": 1]])
    }

    @Test("a byte order mark, CR LF and CR are no part of the text")
    func lineEnds() throws {
        let node = try YAMLParser.parse(SourceText(file: "t", checking: [0xEF, 0xBB, 0xBF] + Array("a: 1\r\nb: |\r\n  x\r\n  y\r\n".utf8)))
        #expect(node.json == ["a": 1, "b": "x\ny\n"])
        #expect(node.map?.last?.key.position == SourcePosition(line: 2, column: 1, offset: 6))
        #expect(try Reading.yaml("a: 1\rb: 2").json == ["a": 1, "b": 2])
    }
}
