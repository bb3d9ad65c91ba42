package import RayflowCore

extension InputSpec {
    /// Why a value of the declared type is refused all the same; nil when it is not.
    package func violation(by value: JSON) -> ValueFault? {
        if !choices.isEmpty, !choices.contains(value) {
            let texts = choices.map { $0.stringValue ?? $0.compact }
            let written = value.stringValue ?? value.compact
            let hint = WorkflowDecoder.didYouMean(written, among: texts)
            return ValueFault("is '\(written)'; it must be \(WorkflowDecoder.alternatives(texts))", hint: hint)
        }
        if let pattern, let text = value.stringValue, let compiled = try? InputPattern(pattern) {
            switch compiled.match(text) {
            case .yes: break
            case .no: return ValueFault("is '\(text)', which does not match the pattern '\(pattern)'")
            case .tooSlow:
                return ValueFault(
                    "is '\(text)', of which the pattern '\(pattern)' has not said in 1 s whether it matches",
                    hint: "repetitions of repetitions, such as (a+)+, try too many ways")
            }
        }
        if let minimum, type.isLess(value, than: minimum) == true {
            return ValueFault("is \(value.stringValue ?? value.compact), less than the minimum \(minimum.stringValue ?? minimum.compact)")
        }
        if let maximum, type.isLess(maximum, than: value) == true {
            return ValueFault("is \(value.stringValue ?? value.compact), more than the maximum \(maximum.stringValue ?? maximum.compact)")
        }
        return nil
    }
}
