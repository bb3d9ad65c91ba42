internal import RayflowCore

extension WorkflowDecoder {
    mutating func output(_ entry: YAMLEntry, isProcess: Bool) -> OutputSpec {
        checkName(entry.key, "an output")
        var spec = OutputSpec(name: entry.name, position: entry.key.position)
        let fields = fields(entry.value, .output, "output '\(entry.name)'")
        let type = fields["type"].map { valueType($0) } ?? .string
        spec.type = type ?? .json
        spec.isOptional = fields["optional"].flatMap { bool($0) } ?? false
        outputSource(of: &spec, fields, isProcess: isProcess, type)
        if let entry = fields["pointer"] { spec.pointer = pointer(entry) }
        if let entry = fields["default"] {
            spec.defaultValue = tree(entry.value)
            if let type, spec.defaultValue?.isLiteral == true, !entry.value.isNull { _ = literal(entry.value, type, "'default'") }
        }
        return spec
    }

    private mutating func outputSource(of spec: inout OutputSpec, _ fields: [String: YAMLEntry], isProcess: Bool, _ type: ValueType?) {
        let present = ["from", "path", "glob"].compactMap { fields[$0] }.sorted { $0.key.position < $1.key.position }
        if !isProcess {
            for entry in present + [fields["pointer"]].compactMap({ $0 }) {
                fault(
                    .misplacedKey, "'\(entry.name)' has no meaning here: the output is the returned field '\(spec.name)'",
                    at: entry.key.position)
            }
            return
        }
        guard present.count <= 1 else {
            return fault(.contradiction, "'\(present[0].name)' and '\(present[1].name)' exclude one another", at: present[1].key.position)
        }
        guard let entry = present.first else { return }
        guard let template = pathTemplate(entry) else { return }
        switch entry.name {
        case "from":
            switch template.scalar.text {
            case "stdout": spec.source = .stdout
            case "stderr": spec.source = .stderr
            case "$RAYFLOW_OUTPUT": spec.source = .outputFile
            default: spec.source = .content(template)
            }
            if type?.isPath == true, case .content = spec.source {
                fault(.misplacedKey, "'from' reads the content of a file", hint: "write 'path' for the file itself", at: entry.key.position)
            }
        case "path":
            spec.source = .path(template)
            guard let type, !type.isPath, type != .bytes else { break }
            fault(
                .contradiction, "'path' gives a file, but the type is \(type)",
                hint: "write 'type: file', or 'from: \(template.scalar.text)' for its content", at: entry.key.position)
        default:
            spec.source = .glob(template)
            guard let type, type.element?.isPath != true, type.element != .bytes else { break }
            fault(
                .contradiction, "'glob' gives a list of files, but the type is \(type)", hint: "write 'type: list<file>'",
                at: entry.key.position)
        }
        if let entry = fields["pointer"] {
            switch spec.source {
            case .path, .glob: fault(.misplacedKey, "'pointer' needs content to point into; write 'from'", at: entry.key.position)
            default: break
            }
        }
    }

    /// A JSON pointer (RFC 6901): empty, or parts that each begin with a slash.
    private mutating func pointer(_ entry: YAMLEntry) -> String? {
        guard entry.value.scalar?.text != "" else { return "" }
        guard let text = text(entry) else { return nil }
        guard text.hasPrefix("/") else {
            fault(.badValue, "'\(text)' is no JSON pointer", hint: "write '/\(text)'", at: entry.value.position)
            return nil
        }
        return text
    }
}
