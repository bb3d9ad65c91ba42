/// From a text to its nodes: YAML 1.2 with its core schema, without tags, several documents, keys that are no scalars, and equal keys.
package enum YAMLParser {
    /// - Throws: ``Diagnostics``. A fault of syntax ends the parse; equal keys and bad merges are all reported.
    package static func parse(_ source: SourceText) throws(Diagnostics) -> YAMLNode {
        let root: YAMLNode
        let faults: Diagnostics
        do throws(Diagnostic) {
            let events = try YAMLEventReader(source).events()
            var strictness = YAMLStrictness(source)
            try strictness.check(events)
            var composer = YAMLComposer(source, events)
            root = try composer.document()
            faults = composer.faults
        } catch {
            throw Diagnostics([error])
        }
        try faults.throwIfErrors()
        return root
    }
}
