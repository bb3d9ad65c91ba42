import Testing

@testable import Workflow

@Suite("Templates")
struct TemplateTests {
    private let context = TestContext(["x": 3, "list": [1, "a"], "map": ["k": true], "none": nil, "text": "t"])

    @Test(
        "a whole expression keeps its kind, mixed text becomes a string",
        arguments: [
            ("plain", "plain"), ("", ""), ("${{ x }}", 3), ("${{list}}", [1, "a"]), ("${{ none }}", nil), ("n=${{ x }}", "n=3"),
            ("${{ x }}${{ x }}", "33"), (" ${{ x }}", " 3"), ("${{ list }} ${{ map }}", #"[1,"a"] {"k":true}"#), ("<${{ none }}>", "<>"),
            ("${{ x }}MiB", "3MiB"), ("${{ '}}' }}", "}}"), ("a${{ 'it''s }}' }}b", "ait's }}b"), ("${{ }}", nil),
            ("$ {{ x }} $${{ x }}", "$ {{ x }} $3"),
            ("${{ '${{' }} }}", "${{ }}"), ("}}", "}}"),
        ] as [(String, Value)])
    func values(text: String, value: Value) throws {
        #expect(try Template.parse(text).evaluate(in: context) == value)
    }

    @Test("a template knows whether it is literal or whole, what it mentions and where")
    func parts() throws {
        let template = try Template.parse("é ${{ steps.a.b }} ${{ len(x) }}")
        #expect(!template.isLiteral)
        #expect(!template.isWhole)
        #expect(
            template.references == [
                ContextReference(context: "steps", path: ["a", "b"], offset: 6), ContextReference(context: "x", path: [], offset: 27),
            ])
        #expect(template.functions == ["len"])
        #expect(try Template.parse("x").isLiteral)
        #expect(try !Template.parse("x").isWhole)
        #expect(try Template.parse("${{ x }}").isWhole)
    }

    @Test(
        "an error carries its offset within the scalar",
        arguments: [
            ("ab ${{ x", "'${{' without its '}}'", 3), ("ab ${{ 'x }}", "'${{' without its '}}'", 3),
            ("é ${{ x + 1 }}", "Unexpected symbol: '+'", 8),
            ("${{x}} ${{  nope(1) }}", "Unrecognized function: 'nope'", 12),
        ])
    func parseErrors(text: String, reason: String, offset: Int) throws {
        let error = try #require(throws: ExpressionError.self) { try Template.parse(text) }
        #expect(error.reason == reason)
        #expect(error.offset == offset)
    }

    @Test("so does an error of the evaluation")
    func evaluationErrors() throws {
        let fault = try #require(throws: EvaluationFault.self) { try Template.parse("ab ${{ x == div(1, 0) }}").evaluate(in: context) }
        guard case .failed(let error) = fault else { return #expect(Bool(false)) }
        #expect(error.reason == "div: division by zero")
        #expect(error.offset == 12)
        #expect(error.position == 6)
    }

    @Test(
        "a condition is one expression with or without braces",
        arguments: [("x > 2", true), ("${{ x > 2 }}", true), (" ${{ x < 2 }}\n", false), ("text", true), ("", false)])
    func conditions(text: String, holds: Bool) throws {
        #expect(try Template.parseCondition(text).evaluateCondition(in: context) == holds)
    }

    @Test("a condition of text and expressions, which would always hold, is refused")
    func mixedConditions() {
        #expect(throws: ExpressionError.self) { try Template.parseCondition("${{ x }} && true") }
        #expect(throws: ExpressionError.self) { try Template.parseCondition("${{ x }} ${{ x }}") }
    }
}
