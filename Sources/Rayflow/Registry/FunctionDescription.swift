package import RayflowCore

/// What a program offers by name: the answer to "which functions and actors are there?" before a run.
package struct FunctionDescription: Sendable, Hashable {
    package struct Parameter: Sendable, Hashable {
        package var label: String
        package var type: String
        package var isOptional: Bool
    }
    package var name: String
    package var version: Int
    /// nil: declared without labels, so it cannot be called by name.
    package var parameters: [Parameter]?
    package var results: [(name: String, type: String)] { zip(resultNames, resultTypes).map { ($0, $1) } }
    package var resultNames: [String]
    package var resultTypes: [String]
}

extension FunctionEntry {
    package var description: FunctionDescription {
        FunctionDescription(declaration: declaration, parameters: parameters, results: results)
    }
}

extension MemberFacts {
    package var description: FunctionDescription {
        FunctionDescription(declaration: declaration, parameters: parameters, results: results)
    }
}

extension FunctionDescription {
    init(declaration: Declaration, parameters codecs: [ValueCodec], results: [ValueCodec]) {
        name = declaration.name
        version = declaration.version
        parameters = declaration.signature.labels.map { labels in
            zip(labels, codecs).map { Parameter(label: $0, type: $1.tag, isOptional: $1.isOptional) }
        }
        resultNames = declaration.signature.resultNames(count: results.count)
        resultTypes = results.map(\.tag)
    }

    package var json: JSON {
        let parameters: JSON? = parameters.map { parameters in
            .array(parameters.map { ["label": .string($0.label), "type": .string($0.type), "optional": .bool($0.isOptional)] })
        }
        return [
            "name": .string(name), "version": .int(version), "parameters": parameters ?? .null,
            "results": .array(results.map { ["name": .string($0.name), "type": .string($0.type)] }),
        ]
    }
}

extension Signature {
    /// The names under which a call by name gives its results: those declared, else `result` for a single one, else `result1`, `result2`, …
    package func resultNames(count: Int) -> [String] {
        if results.count == count { return results }
        return count == 1 ? ["result"] : (0..<max(count, 0)).map { "result\($0 + 1)" }
    }
}
