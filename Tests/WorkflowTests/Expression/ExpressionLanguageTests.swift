import RayflowCore
import Testing

@testable import Workflow

@Suite("The expression language")
struct ExpressionLanguageTests {
    @Test("references name the context and the constant path, however it is written")
    func references() throws {
        let text = "steps.greet.outputs.text == STEPS['a b'].x && f[inputs.n].y || len(matrix[*].z) > item-index"
        let expression = try Expression.parse(text)
        #expect(
            expression.references == [
                ContextReference(context: "steps", path: ["greet", "outputs", "text"], offset: 0),
                ContextReference(context: "steps", path: ["a b", "x"], offset: 28),
                ContextReference(context: "f", path: [], offset: 46),
                ContextReference(context: "inputs", path: ["n"], offset: 48),
                ContextReference(context: "matrix", path: [], offset: 67),
                ContextReference(context: "item-index", path: [], offset: 82),
            ])
        #expect(expression.functions == ["len"])
        #expect(
            try Expression.parse("steps.a.list[0].id").references == [ContextReference(context: "steps", path: ["a", "list"], offset: 0)])
        #expect(try Expression.parse("(steps.a).b").references.map(\.path) == [["a", "b"]])
        #expect(try Expression.parse("'steps.a'").references == [])
    }

    @Test(
        "a name that does not exist is refused with the nearest that does",
        arguments: [
            ("lne(x)", "parsing: Unrecognized function: 'lne'; did you mean 'len'?"),
            ("tojson2(1)", "parsing: Unrecognized function: 'tojson2'; did you mean 'toJSON'?"),
            ("query(1, 2)", "parsing: Unrecognized function: 'query'"),
            ("false && unknown()", "parsing: Unrecognized function: 'unknown'"),
            ("step.x", "parsing: Unrecognized named-value: 'step'; did you mean 'steps'?"),
            ("github.sha", "parsing: Unrecognized named-value: 'github'"),
        ])
    func names(text: String, message: String) {
        let names = ExpressionNames(contexts: ["steps", "inputs"])
        #expect { try Expression.parse(text, names: names) } throws: {
            ($0 as? ExpressionError).map { "\($0.stage): \($0)" } == message
        }
    }

    @Test("functions can be narrowed as contexts can")
    func narrowedFunctions() throws {
        let names = ExpressionNames(contexts: nil, functions: ["len", "TOJSON"])
        #expect(throws: Never.self) { try Expression.parse("toJson(len(x))", names: names) }
        #expect(throws: ExpressionError.self) { try Expression.parse("glob('x')", names: names) }
    }

    @Test("a context that nobody supplied is an evaluation error where any name is permitted")
    func missingContext() {
        #expect(failure("1 == nothing.x") == "Unrecognized named-value: 'nothing'")
    }

    @Test(
        "unfinished text is refused at its last token",
        arguments: [
            ("1 +", "Unexpected symbol: '+'", 3), ("1 &&", "Unexpected end of expression: '&&'", 3),
            ("(1", "Unexpected end of expression: '1'", 2),
            ("len(", "Unexpected end of expression: '('", 4), ("len('a',", "Unexpected end of expression: ','", 8),
            ("len('a',)", "Unexpected symbol: ')'", 9), ("a[", "Unexpected end of expression: '['", 2),
            ("a.", "Unexpected end of expression: '.'", 2),
            ("'a'[0]", "Unexpected symbol: '['", 4), ("a b", "Unexpected symbol: 'b'", 3), ("a = b", "Unexpected symbol: '='", 3),
            ("case(true, 1, 2, 3)", "Even number of parameters supplied, requires an odd number of parameters: 'case'", 1),
            ("len()", "Too few parameters supplied: 'len'", 1), ("1 == len(1, 2)", "Too many parameters supplied: 'len'", 6),
            ("TRUE", "Unrecognized named-value: 'TRUE'", 1),
        ])
    func unfinished(text: String, reason: String, position: Int) throws {
        let error = try #require(throws: ExpressionError.self) {
            try Expression.parse(text, names: ExpressionNames(contexts: ["a", "b"]))
        }
        #expect(error.reason == reason)
        #expect(error.position == position)
        #expect(error.message == "\(reason). Located at position \(position) within expression: \(text)")
    }

    @Test("length and nesting are bounded, parentheses apart from the tree")
    func limits() throws {
        func repeated(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }
        let atLimit = "'" + repeated("x", ExpressionLimits.length - 2) + "'"
        #expect(throws: Never.self) { try Expression.parse(atLimit) }
        #expect(throws: ExpressionError.self) { try Expression.parse(atLimit + " ") }
        let groups = ExpressionLimits.openGroups
        #expect(try evaluate(repeated("(", groups) + "1" + repeated(")", groups)) == 1)
        for text in ["(", "len(", "!", "a[", "a.b[", "1 == (", "len(1, "] {
            #expect(throws: ExpressionError.self) { try Expression.parse(repeated(text, ExpressionLimits.length / text.count)) }
        }
        #expect(throws: ExpressionError.self) { try Expression.parse("a" + repeated(".b", 10_000)) }
        #expect(throws: ExpressionError.self) { try Expression.parse("1" + repeated(" < 1", 5_000)) }
        #expect(try evaluate("0" + repeated("||0", 5_000) + "||7") == 7)
    }

    @Test("text of any kind is parsed or refused, never a trap")
    func damaged() {
        let text = "case(steps['a''b'].x[*] != 0x1F, -1.5e3, !format('{0}', inputs.*.y) || 'é😀' >= null)"
        let scalars = Array(text.unicodeScalars)
        for start in scalars.indices {
            for end in start...scalars.count {
                var part = String.UnicodeScalarView()
                part.append(contentsOf: scalars[start..<end])
                _ = try? Expression.parse(String(part))
            }
        }
        for insert in ["'", "(", ")", "[", "]", ".", ",", "*", "!", "\0", "\u{301}", "\r\n", "&", "0x", "+"] {
            for index in scalars.indices {
                var changed = String.UnicodeScalarView()
                changed.append(contentsOf: scalars[..<index])
                changed.append(contentsOf: insert.unicodeScalars)
                changed.append(contentsOf: scalars[index...])
                _ = try? Expression.parse(String(changed)).evaluate(in: TestContext(["steps": [:], "inputs": [:]]))
            }
        }
    }

    @Test(
        "a number reads as GitHub writes it",
        arguments: [
            (0, "0"), (-0.0, "0"), (1, "1"), (-2.5, "-2.5"), (0.1 + 0.2, "0.3"), (1e15, "1000000000000000"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"), (1.5e300, "1.5e+300"), (0.000001, "0.000001"), (0.0000001, "1e-7"), (-1.25e-9, "-1.25e-9"),
            (123456.789, "123456.789"), (0x1p53, "9007199254740992"), (0x1p63, "9223372036854776000"), (1.0 / 3, "0.333333333333333"),
            (.nan, "NaN"), (-.infinity, "-Infinity"),
        ] as [(Double, String)])
    func numberText(number: Double, text: String) {
        #expect(NumberForm.text(number) == text)
    }

    @Test(
        "text is a number as GitHub reads it, else NaN",
        arguments: [
            ("", 0), (" \n", 0), ("12", 12), (" -1.5e2 ", -150), ("+.5", 0.5), ("5.", 5), ("0x1F", 31), ("0o17", 15),
            ("Infinity", .infinity),
            ("1e999", .infinity), ("0x", nil), ("0o8", nil), ("-0x1", nil), ("inf", nil), ("nan", nil), ("0x1p3", nil), ("1_000", nil),
            (".", nil),
            ("1e", nil), ("--1", nil), ("1 2", nil), ("0xé", nil),
        ] as [(String, Double?)])
    func textNumber(text: String, number: Double?) {
        let value = NumberForm.number(text)
        if let number { #expect(value == number) } else { #expect(value.isNaN) }
    }

    @Test("a key is found without regard to case, the exact one first")
    func keys() throws {
        let context = TestContext(["m": ["Key": 1, "KEY": 2, "straße": 3]])
        #expect(try evaluate("m.key", context) == 1)
        #expect(try evaluate("m.KEY", context) == 2)
        #expect(try evaluate("m['STRAßE']", context) == 3)
    }

    @Test("values turn into JSON and back, whole numbers into integers")
    func json() throws {
        let json: JSON = ["i": 3, "d": 0.5, "s": "x", "l": [nil, true, [:]]]
        #expect(try Value(json).json() == json)
        #expect(try Value.number(0x1p53).json().kindName == "int")
        #expect(try Value.number(0x1p54).json().kindName == "float")
        #expect(try Value.file("a/b").json() == "a/b")
    }

    @Test("the context answers for the world outside; its errors carry the place of the call")
    func outside() throws {
        let context = TestContext(
            ["inputs": ["files": "*.txt"]],
            functions: [
                "glob": { arguments in .list([.string("a.txt"), arguments[0]]) }, "file": { .file($0[0].coercedText) },
                "always": { _ in true }, "env": { _ in throw FileFault(what: "no", written: "x", resolved: "x") },
            ])
        #expect(try evaluate("glob(inputs.files)", context) == ["a.txt", "*.txt"])
        #expect(try evaluate("FILE('a')", context) == .file("a"))
        #expect(try evaluate("file('A') == 'a' && startsWith(file('abc'), 'ab') && always()", context) == true)
        #expect(try evaluate("toJSON(file('a'))", context) == "\"a\"")
        let fault = try #require(throws: EvaluationFault.self) { try evaluate("1 == env('x')", context) }
        guard case .failed(let error) = fault else { return #expect(Bool(false)) }
        #expect(error.reason == "env: no: 'x'")
        #expect(error.position == 6)
    }
}
