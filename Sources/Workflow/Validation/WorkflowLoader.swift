/// From a file to a checked workflow.
package enum WorkflowLoader {
    /// - Throws: ``Diagnostics`` with every fault that was found.
    package static func load(path: String) throws(Diagnostics) -> WorkflowFile {
        try load(SourceText.read(path: path))
    }

    /// - Parameter file: the name that messages show; the workflow's name is its stem, unless the text says another.
    package static func load(text: String, file: String) throws(Diagnostics) -> WorkflowFile {
        try load(SourceText(file: file, checking: Array(text.utf8)))
    }

    private static func load(_ source: SourceText) throws(Diagnostics) -> WorkflowFile {
        let root = try YAMLParser.parse(source)
        var decoder = WorkflowDecoder(source)
        let decoded = decoder.workflow(root)
        var validator = WorkflowValidator(decoded, damagedSteps: decoder.damagedSteps)
        validator.validate()
        var faults = decoder.faults
        faults.add(validator.faults)
        try faults.throwIfErrors()
        return validator.file
    }
}
