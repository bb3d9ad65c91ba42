/// A scalar that may hold `${{ }}`, and where it stands.
package struct SourceTemplate: Sendable {
    package let template: Template
    package let scalar: YAMLScalar

    package var position: SourcePosition { scalar.position }
    package var isLiteral: Bool { template.isLiteral }
    package var references: [ContextReference] { template.references }

    /// The template as bytes that do not depend on the blanks within its braces.
    var normalised: String {
        template.parts.map { part in
            switch part {
            case .text(let text): text
            case .expression(let expression, _): "${{\(expression.source)}}"
            }
        }.joined()
    }
}
