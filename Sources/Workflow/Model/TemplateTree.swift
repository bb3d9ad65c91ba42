package import RayflowCore

/// A structured value with templates anywhere in it, as `with` and `value` take them.
package indirect enum TemplateTree: Sendable {
    /// A scalar without expressions, with its YAML type.
    case literal(JSON, at: SourcePosition)
    case template(SourceTemplate)
    case list([TemplateTree], at: SourcePosition)
    case map([TemplateMember], at: SourcePosition)
}

/// A member of a map of templates.
package struct TemplateMember: Sendable {
    package var name: String
    /// Of the key.
    package var position: SourcePosition
    package var value: TemplateTree
}

extension TemplateTree {
    package var position: SourcePosition {
        switch self {
        case .literal(_, let position), .list(_, let position), .map(_, let position): position
        case .template(let template): template.position
        }
    }

    /// Every template, in the order of the file.
    package var templates: [SourceTemplate] {
        switch self {
        case .literal: []
        case .template(let template): [template]
        case .list(let elements, _): elements.flatMap(\.templates)
        case .map(let members, _): members.flatMap(\.value.templates)
        }
    }

    package var isLiteral: Bool { templates.isEmpty }

    /// The value, when no template is in it.
    package var literalValue: JSON? {
        switch self {
        case .literal(let value, _): return value
        case .template: return nil
        case .list(let elements, _):
            var values: [JSON] = []
            for element in elements {
                guard let value = element.literalValue else { return nil }
                values.append(value)
            }
            return .array(values)
        case .map(let members, _):
            var object = JSONObject()
            for member in members {
                guard let value = member.value.literalValue else { return nil }
                object[member.name] = value
            }
            return .object(object)
        }
    }

    /// - Throws: what the first template throws that has no value yet. References pass through.
    package func evaluate(in context: some EvaluationContext) throws(TemplateFault) -> Value {
        switch self {
        case .literal(let value, _): return Value(value)
        case .template(let template): return try template.evaluate(in: context)
        case .list(let elements, _):
            var values: [Value] = []
            for element in elements { values.append(try element.evaluate(in: context)) }
            return .list(values)
        case .map(let members, _):
            var values: [(String, Value)] = []
            for member in members { values.append((member.name, try member.value.evaluate(in: context))) }
            return .object(ValueObject(values))
        }
    }
}
