/// What an expression may ask of the world outside it. Within one evaluation, and over its repetitions, the answers must stay the same.
package protocol EvaluationContext {
    /// The context of that (lower-case) name, nil when there is none.
    func value(of context: String) -> Value?

    /// A function whose answer is not in its arguments; see ``ExpressionFunction/isOutside``. The arguments hold no references.
    func call(function: String, arguments: [Value]) throws -> Value

    /// The content of an object that was brought after ``EvaluationFault/needs(_:)``. For one object always the same value.
    func content(of ref: ValueRef) -> Value?

    /// Whether the object holds null, when that is known without its content. `default` asks.
    func isNull(_ ref: ValueRef) -> Bool?
}

extension EvaluationContext {
    package func content(of ref: ValueRef) -> Value? { nil }
    package func isNull(_ ref: ValueRef) -> Bool? { nil }
}
