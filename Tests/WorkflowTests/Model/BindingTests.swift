import RayflowCore
import Testing

@testable import Workflow

@Suite("Inputs of a run") struct BindingTests {
    private func file(_ inputs: String) throws -> WorkflowFile {
        try Reading.workflow("rayflow: 1\ninputs:\n\(inputs)\nsteps: {a: {run: x}}\n")
    }

    private func faults(_ inputs: String, _ given: [(key: String, value: String)]) throws -> String {
        let file = try file(inputs)
        return Reading.faults { _ = try file.bind(inputs: given) }
    }

    @Test("values are read by their declared types, in the order of declaration, with defaults")
    func values() throws {
        let file = try file(
            """
              s: {}
              i: {type: int}
              f: {type: float}
              b: {type: bool}
              d: {type: duration}
              z: {type: size}
              e: {type: enum, choices: [x, y]}
              p: {type: file}
              j: {type: json}
              l: {type: list<int>}
              m: {type: map<list<bool>>}
              o: {type: int, required: false}
              k: {type: int, default: 4}
            """)
        let given = [
            ("m", #"{"a":[true]}"#), ("l", "[1,2]"), ("j", #"{"x":null}"#), ("p", "a b.txt"), ("e", "y"), ("z", "1GiB"), ("d", "1h"),
            ("b", "true"),
            ("f", "2"), ("i", "-0x0"), ("s", "1 = 2"),
        ]
        #expect(throws: Diagnostics.self) { try file.bind(inputs: given.map { (key: $0.0, value: $0.1) }) }
        let values = try file.bind(inputs: given.map { (key: $0.0, value: $0.0 == "i" ? "-12" : $0.1) })
        #expect(
            JSON.object(values).compact
                == #"{"s":"1 = 2","i":-12,"f":2,"b":true,"d":"1h","z":"1GiB","e":"y","p":"a b.txt","#
                + #""j":{"x":null},"l":[1,2],"m":{"a":[true]},"o":null,"k":4}"#
        )
        #expect(try file.bind(inputs: given.map { (key: $0.0, value: $0.0 == "i" ? "1" : $0.1) } + [("k", "9")])["k"] == 9)
    }

    @Test("a required input that is not given")
    func missing() throws {
        #expect(
            try faults("  who: {type: string}", []) == """
                w.yaml:3:3: error[RF402]: the input 'who' is missing
                  3 |   who: {type: string}
                    |   ^
                  hint: give it with --input who=…
                """)
    }

    @Test("an input that nobody declared gets the nearest name")
    func unknown() throws {
        #expect(
            try faults("  reducers: {default: a}", [("reducer", "4")]) == """
                w.yaml: error[RF401]: there is no input 'reducer'
                  hint: did you mean 'reducers'?
                """)
        #expect(try faults("  a: {default: a}\n  b: {default: a}", [("zzz", "4")]).hasSuffix("hint: inputs are a, b"))
    }

    @Test("an input given twice") func twice() throws {
        #expect(try faults("  a: {}", [("a", "1"), ("a", "2")]) == "w.yaml: error[RF404]: the input 'a' is given twice")
    }

    @Test(
        "values that do not fit",
        arguments: [
            ("{type: int}", "1.5", "wants an int, this is '1.5'"),
            ("{type: int}", "", "wants an int, this is ''"),
            ("{type: int}", "99999999999999999999", "wants an int, this is '99999999999999999999'"),
            ("{type: float}", "x", "wants a float, this is 'x'"),
            ("{type: bool}", "yes", "wants a bool, this is 'yes'"),
            ("{type: duration}", "5", "wants a duration, this is '5'"),
            ("{type: size}", "5 apples", "wants a size, this is '5 apples'"),
            ("{type: file}", "", "wants a file, this is ''"),
            ("{type: json}", "{a", "wants a json as JSON: a key in quotes wanted, found 'a' at 1:2"),
            ("{type: list<int>}", "[1,\"2\"]", "wants an int, this is '\"2\"', at [1]"),
            ("{type: list<int>}", "3", "wants a list<int>, this is '3'"),
            ("{type: map<bool>}", "{\"a\":1}", "wants a bool, this is '1', at 'a'"),
            ("{type: enum, choices: [fast, slow]}", "fats", "is 'fats'; it must be fast or slow"),
            ("{type: int, choices: [1, 2, 4]}", "3", "is '3'; it must be 1, 2 or 4"),
            ("{pattern: \"[a-z]+\"}", "ab1", "is 'ab1', which does not match the pattern '[a-z]+'"),
            ("{type: int, min: 2}", "1", "is 1, less than the minimum 2"),
            ("{type: int, max: 2}", "3", "is 3, more than the maximum 2"),
            ("{type: float, max: 0.5}", "0.75", "is 0.75, more than the maximum 0.5"),
            ("{type: duration, min: 1m}", "59s", "is 59s, less than the minimum 1m"),
            ("{type: size, max: 1GB}", "1GiB", "is 1GiB, more than the maximum 1GB"),
        ])
    func bad(spec: String, text: String, message: String) throws {
        let heads = Reading.heads(try faults("  x: \(spec)", [("x", text)]))
        #expect(heads == ["w.yaml:3:3: error[RF403]: the input 'x' \(message)"])
    }

    @Test("bounds include their ends") func ends() throws {
        let file = try file("  x: {type: int, min: 2, max: 2}")
        #expect(try file.bind(inputs: [("x", "2")])["x"] == 2)
    }

    @Test("all faults at once") func all() throws {
        #expect(Reading.heads(try faults("  a: {}\n  b: {type: int}", [("b", "x"), ("c", "")])).count == 3)
    }

    @Test("a pattern that tries too many ways is given up, one that does not is answered")
    func slowPattern() throws {
        let slow = try InputPattern("(a+)+b")
        #expect(slow.match(String(repeating: "a", count: 12), limitMilliseconds: 1) == .tooSlow)
        #expect(slow.match("aaab", limitMilliseconds: 60_000) == .yes)
        #expect(slow.match("c", limitMilliseconds: 60_000) == .no)
    }
}
