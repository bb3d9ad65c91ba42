package import RayflowCore

/// A value of `with:`: what a call by name maps to a parameter.
package indirect enum NamedValue: Sendable, Hashable {
    case json(JSON)
    /// An object that exists or will: a dependency, or borrowed where the parameter is a ref.
    case ref(ObjectID)
    /// A list in which refs may stand.
    case list([NamedValue])
}

extension NamedValue {
    /// The value as JSON, if it holds no refs.
    var plain: JSON? {
        switch self {
        case .json(let json): return json
        case .ref: return nil
        case .list(let values):
            var elements: [JSON] = []
            for value in values {
                guard let element = value.plain else { return nil }
                elements.append(element)
            }
            return .array(elements)
        }
    }
}
