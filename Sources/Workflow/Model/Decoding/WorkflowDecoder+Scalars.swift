internal import RayflowCore

/// Scalars that are literal: no expression is evaluated in them.
extension WorkflowDecoder {
    /// The scalar as it is written, whatever its YAML type.
    mutating func text(_ entry: YAMLEntry) -> String? {
        guard let scalar = scalar(entry.value, "'\(entry.name)'", wants: "a text") else { return nil }
        return isLiteral(scalar, "'\(entry.name)'") ? scalar.text : nil
    }

    mutating func scalar(_ node: YAMLNode, _ what: String, wants: String) -> YAMLScalar? {
        guard let scalar = node.scalar, !node.isNull else {
            wrongType(what, wants: wants, node)
            return nil
        }
        return scalar
    }

    mutating func isLiteral(_ scalar: YAMLScalar, _ what: String) -> Bool {
        guard let opening = scalar.text.scalarOffset(of: "${{") else { return true }
        fault(.noExpression, "\(what) takes no ${{ }}", at: source.position(of: scalar, at: opening))
        return false
    }

    mutating func bool(_ entry: YAMLEntry) -> Bool? {
        guard let value = entry.value.scalar?.value.boolValue else {
            wrongType("'\(entry.name)'", wants: "true or false", entry.value)
            return nil
        }
        return value
    }

    mutating func int(_ entry: YAMLEntry, in range: ClosedRange<Int>) -> Int? {
        guard case .int(let value)? = entry.value.scalar?.value else {
            wrongType("'\(entry.name)'", wants: "a whole number", entry.value)
            return nil
        }
        guard range.contains(value) else {
            let bounds = range.upperBound == .max ? "at least \(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
            fault(.badValue, "'\(entry.name)' is \(value); it must be \(bounds)", at: entry.value.position)
            return nil
        }
        return value
    }

    mutating func number(_ entry: YAMLEntry, in range: ClosedRange<Double>, bounds: String) -> Double? {
        guard let value = entry.value.scalar?.value.doubleValue else {
            wrongType("'\(entry.name)'", wants: "a number", entry.value)
            return nil
        }
        guard range.contains(value) else {
            fault(.badValue, "'\(entry.name)' is \(entry.value.scalar?.text ?? ""); it must be \(bounds)", at: entry.value.position)
            return nil
        }
        return value
    }

    mutating func duration(_ entry: YAMLEntry) -> Duration? {
        guard let text = text(entry) else { return nil }
        guard let duration = DurationForm.parse(text) else {
            fault(.badValue, "'\(text)' is no duration", hint: DurationForm.hint, at: entry.value.position)
            return nil
        }
        return duration
    }

    mutating func limit(_ entry: YAMLEntry) -> Duration? {
        guard let duration = duration(entry) else { return nil }
        guard duration > .zero else {
            fault(.badValue, "'\(entry.name)' must be above zero", at: entry.value.position)
            return nil
        }
        return duration
    }

    mutating func choice<Choice: RawRepresentable & CaseIterable>(_ entry: YAMLEntry, _ type: Choice.Type) -> Choice?
    where Choice.RawValue == String {
        guard let text = text(entry) else { return nil }
        return choice(text, at: entry.value.position, "'\(entry.name)'", type)
    }

    mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ text: String, at position: SourcePosition, _ what: String, _ type: Choice.Type
    ) -> Choice? where Choice.RawValue == String {
        if let choice = Choice(rawValue: text) { return choice }
        let all = Choice.allCases.map(\.rawValue)
        fault(
            .badValue, "\(what) is '\(text)'; it must be \(Self.alternatives(all))", hint: Self.didYouMean(text, among: all), at: position)
        return nil
    }

    static func alternatives(_ words: [String]) -> String {
        guard words.count > 1, let last = words.last else { return words.joined() }
        return words.dropLast().joined(separator: ", ") + " or " + last
    }

    /// A map of literal texts.
    mutating func labels(_ entry: YAMLEntry) -> [(name: String, value: String)] {
        entries(entry.value, "'\(entry.name)'").compactMap { label in text(label).map { (label.name, $0) } }
    }
}

extension String {
    /// Offset in Unicode scalars of the first occurrence.
    func scalarOffset(of text: String) -> Int? {
        let (scalars, wanted) = (Array(unicodeScalars), Array(text.unicodeScalars))
        guard scalars.count >= wanted.count else { return nil }
        return (0...(scalars.count - wanted.count)).first { scalars[$0..<$0 + wanted.count].elementsEqual(wanted) }
    }
}
