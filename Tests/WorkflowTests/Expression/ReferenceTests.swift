import RayflowCore
import Testing

@testable import Workflow

@Suite("Object references in expressions")
struct ReferenceTests {
    private let context = TestContext(
        [
            "steps": [
                "a": ["one": ref(1), "two": ref(2), "many": [ref(3), ref(4)], "parts": [[ref(5), ref(6)], [ref(7), ref(8)], nil]]
            ], "f": false,
        ],
        nulls: [1: false, 2: true])

    @Test(
        "what only moves values leaves references alone",
        arguments: [
            ("steps.a.one", ref(1)), ("steps.a.many[1]", ref(4)), ("steps.a.many", [ref(3), ref(4)]), ("f || steps.a.one", ref(1)),
            ("true && steps.a.one", ref(1)), ("f && steps.a.one", false), ("true || steps.a.one", true),
            ("case(f, 1, steps.a.one)", ref(1)), ("case(true, steps.a.two, 1)", ref(2)),
            ("column(steps.a.parts, 1)", [ref(6), ref(8), nil]),
            ("len(steps.a.many)", 2), ("chunk(steps.a.many, 1)", [[ref(3)], [ref(4)]]),
            ("zip(steps.a.many, range(2))", [[ref(3), 0], [ref(4), 1]]), ("keys(steps.a)", ["one", "two", "many", "parts"]),
            ("steps.a.many.*", [ref(3), ref(4)]), ("default(steps.a.one, 0)", ref(1)), ("default(steps.a.two, 0)", 0),
            ("default(null, steps.a.many)", [ref(3), ref(4)]),
        ] as [(String, Value)])
    func untouched(text: String, value: Value) throws {
        #expect(try evaluate(text, context) == value)
    }

    @Test(
        "what looks into a value asks for all the content it needs at once",
        arguments: [
            ("steps.a.one == steps.a.two", [1, 2]), ("!steps.a.one", [1]), ("steps.a.one && 1", [1]), ("steps.a.one || 1", [1]),
            ("steps.a.one.id", [1]), ("steps.a.many[0].id", [3]), ("steps[steps.a.one]", [1]), ("toJSON(steps.a.parts)", [5, 6, 7, 8]),
            ("join(steps.a.many)", [3, 4]), ("format('{0}{1}', steps.a.one, steps.a.two)", [1, 2]), ("contains(steps.a.many, 1)", [3, 4]),
            ("sum(steps.a.many)", [3, 4]), ("column(steps.a.many, 0)", [3, 4]), ("len(steps.a.one)", [1]), ("lower(steps.a.one)", [1]),
            ("glob(steps.a.one)", [1]), ("case(steps.a.one, 1, 2)", [1]), ("default(steps.a.many[0], 1)", [3]),
            ("fromJSON(steps.a.one)", [1]),
            ("unique(steps.a.many)", [3, 4]), ("flatten(steps.a.many)", [3, 4]), ("range(steps.a.one)", [1]),
        ] as [(String, [UInt64])])
    func needed(text: String, ids: [UInt64]) {
        #expect(throws: EvaluationFault.needs(ids.map { ValueRef(id: $0) })) { try evaluate(text, context) }
    }

    @Test("with the content at hand the evaluation comes to its end")
    func supplied() throws {
        var context = context
        context.objects = [1: ["id": 7], 3: 10, 4: "32", 2: [1, 2]]
        #expect(try evaluate("steps.a.one.id", context) == 7)
        #expect(try evaluate("sum(steps.a.many)", context) == 42)
        #expect(try evaluate("steps.a.two == steps.a.two", context) == true)
        #expect(try evaluate("toJSON(steps.a.two)", context) == "[\n  1,\n  2\n]")
        #expect(try evaluate("steps.a.one.id > 1 && steps.a.one", context) == ref(1))
        #expect(try evaluate("flatten(steps.a.many)", context) == [ref(3), ref(4)])
    }

    @Test("a condition and mixed text need the content, a whole template does not")
    func templates() throws {
        #expect(try Template.parse("${{ steps.a.one }}").evaluate(in: context) == ref(1))
        #expect(throws: EvaluationFault.needs([ValueRef(id: 1), ValueRef(id: 3), ValueRef(id: 4)])) {
            try Template.parse("${{ steps.a.one }}: ${{ steps.a.many }}").evaluate(in: context)
        }
        #expect(throws: EvaluationFault.needs([ValueRef(id: 1)])) {
            try Template.parseCondition("steps.a.one").evaluateCondition(in: context)
        }
        #expect(throws: EvaluationFault.needs([ValueRef(id: 1)])) {
            try Expression.parse("steps.a.one").evaluateCondition(in: context)
        }
    }

    @Test("a value names its references once each and has no JSON form")
    func values() {
        let value: Value = ["a": [ref(2), ref(1)], "b": ref(2)]
        #expect(value.refs == [ValueRef(id: 2), ValueRef(id: 1)])
        #expect(value.hasRefs)
        #expect(throws: EvaluationFault.needs([ValueRef(id: 2), ValueRef(id: 1)])) { try value.json() }
    }
}
