/// Why a template of a workflow file has no value, with the template that it was.
package struct TemplateFault: Error, Sendable {
    package var fault: EvaluationFault
    package var template: SourceTemplate
}

extension SourceTemplate {
    package func evaluate(in context: some EvaluationContext) throws(TemplateFault) -> Value {
        do { return try template.evaluate(in: context) } catch { throw TemplateFault(fault: error, template: self) }
    }
}

extension SourceText {
    /// The place of a fault found when a template was evaluated; nil when only objects are missing.
    package func diagnostic(_ fault: TemplateFault) -> Diagnostic? {
        guard case .failed(let error) = fault.fault else { return nil }
        return diagnostic(.expression, error.reason, hint: error.hint, at: position(of: fault.template.scalar, at: error.offset))
    }
}
