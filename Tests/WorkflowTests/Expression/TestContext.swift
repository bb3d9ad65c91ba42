import RayflowCore

@testable import Workflow

/// Contexts from a map, functions from closures, objects from a table.
struct TestContext: EvaluationContext {
    var values: [String: Value] = [:]
    var functions: [String: @Sendable ([Value]) throws -> Value] = [:]
    var objects: [UInt64: Value] = [:]
    var nulls: [UInt64: Bool] = [:]

    init(
        _ values: [String: Value] = [:], functions: [String: @Sendable ([Value]) throws -> Value] = [:], objects: [UInt64: Value] = [:],
        nulls: [UInt64: Bool] = [:]
    ) {
        self.values = values
        self.functions = functions
        self.objects = objects
        self.nulls = nulls
    }

    func value(of context: String) -> Value? { values[context] }
    func content(of ref: ValueRef) -> Value? { objects[ref.id] }
    func isNull(_ ref: ValueRef) -> Bool? { nulls[ref.id] }

    func call(function: String, arguments: [Value]) throws -> Value {
        guard let body = functions[function] else { throw NoSuchFunction(name: function) }
        return try body(arguments)
    }

    struct NoSuchFunction: Error { var name: String }
}

func ref(_ id: UInt64) -> Value { .ref(ValueRef(id: id)) }

func evaluate(_ text: String, _ context: TestContext = TestContext()) throws -> Value {
    try Expression.parse(text).evaluate(in: context)
}

/// The evaluation error's reason, or what happened instead.
func failure(_ text: String, _ context: TestContext = TestContext()) -> String {
    do {
        return "value: \(try evaluate(text, context))"
    } catch let error as ExpressionError {
        return "\(error.stage): \(error.description)"
    } catch EvaluationFault.failed(let error) {
        return error.reason
    } catch {
        return "\(error)"
    }
}
