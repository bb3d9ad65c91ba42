/// Why an evaluation gave no value.
package enum EvaluationFault: Error, Hashable, Sendable {
    case failed(ExpressionError)
    /// The content of these objects is needed, never an empty list. Bring them and evaluate again: evaluation has no effects.
    case needs([ValueRef])

    func moved(by scalars: Int) -> EvaluationFault {
        switch self {
        case .failed(let error): .failed(error.moved(by: scalars))
        case .needs: self
        }
    }
}
