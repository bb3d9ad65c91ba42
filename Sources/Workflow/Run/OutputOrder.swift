/// One output of a shell step, ready to be read when the process has ended: no expressions are left.
package struct OutputOrder: Sendable, Hashable {
    package enum Source: Sendable, Hashable {
        case stdout
        case stderr
        /// The entry of the output's name in `$RAYFLOW_OUTPUT`.
        case outputFile
        /// The content of a file, as written and as resolved.
        case content(written: String, path: String)
        /// A file or folder itself.
        case path(written: String, path: String)
        /// Every file of a pattern, found from a folder.
        case glob(pattern: String, folder: String)
    }

    package var name: String
    package var type: ValueType
    package var source: Source
    package var pointer: String?
    package var defaultValue: Value?
    package var isOptional: Bool

    package init(
        _ name: String, _ type: ValueType, _ source: Source, pointer: String? = nil, defaultValue: Value? = nil, isOptional: Bool = false
    ) {
        self.name = name
        self.type = type
        self.source = source
        self.pointer = pointer
        self.defaultValue = defaultValue
        self.isOptional = isOptional
    }

    /// For messages: where it was to come from.
    var place: String {
        switch source {
        case .stdout: "standard output"
        case .stderr: "standard error"
        case .outputFile: "$RAYFLOW_OUTPUT"
        case .content(let written, let path), .path(let written, let path):
            written == path ? "'\(path)'" : "'\(written)' (resolved to '\(path)')"
        case .glob(let pattern, let folder): "the files '\(pattern)' in '\(folder)'"
        }
    }
}
