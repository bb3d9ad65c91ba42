/// A declared output of a step.
package struct OutputSpec: Sendable {
    package var name: String
    /// Of its name.
    package var position: SourcePosition
    package var type: ValueType = .string
    package var source: OutputSource = .outputFile
    /// A JSON pointer into what is read.
    package var pointer: String?
    package var defaultValue: TemplateTree?
    /// Null instead of a failure when it is not there.
    package var isOptional = false
}

/// Where a step's output comes from.
package enum OutputSource: Sendable {
    case stdout
    case stderr
    /// A line `name=value` of `$RAYFLOW_OUTPUT`; for `call` and actor steps the returned field of that name.
    case outputFile
    /// The content of a file.
    case content(SourceTemplate)
    /// A file or folder itself.
    case path(SourceTemplate)
    /// All files of that pattern.
    case glob(SourceTemplate)

    package var template: SourceTemplate? {
        switch self {
        case .stdout, .stderr, .outputFile: nil
        case .content(let template), .path(let template), .glob(let template): template
        }
    }
}
