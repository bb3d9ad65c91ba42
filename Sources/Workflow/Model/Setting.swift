/// A value that the file gives, or gives an expression for.
package enum Setting<Value: Sendable>: Sendable {
    case literal(Value)
    case template(SourceTemplate)

    package var literalValue: Value? { if case .literal(let value) = self { value } else { nil } }
    package var template: SourceTemplate? { if case .template(let template) = self { template } else { nil } }
}
