/// Builds the model out of the nodes, and collects every fault on the way instead of stopping at the first.
///
/// What has a fault is still built as far as it goes, so that the checks after it do not complain of its absence.
struct WorkflowDecoder {
    let source: SourceText
    var faults = Diagnostics()
    /// Steps with a fault of their own: what others expect of them is not judged.
    var damagedSteps: Set<String> = []
    var defaults = StepDefaults()
    var workflowEnv: [EnvironmentSpec] = []

    init(_ source: SourceText) { self.source = source }

    // MARK: Faults

    mutating func fault(_ code: DiagnosticCode, _ message: String, hint: String? = nil, at position: SourcePosition) {
        faults.add(source.diagnostic(code, message, hint: hint, at: position))
    }

    mutating func wrongType(_ what: String, wants: String, _ node: YAMLNode, hint: String? = nil) {
        fault(.wrongType, "\(what) wants \(wants), this is \(node.kindPhrase)", hint: hint, at: node.position)
    }

    static func didYouMean(_ name: String, among names: some Sequence<String>) -> String? {
        Nearest.name(to: name, among: names).map { "did you mean '\($0)'?" }
    }

    var faultCount: Int { faults.items.count + faults.omitted }

    // MARK: Maps

    /// The entries of a map; an empty value is an empty map.
    mutating func entries(_ node: YAMLNode, _ what: String) -> [YAMLEntry] {
        if let map = node.map { return map }
        if !node.isNull { wrongType(what, wants: "a map", node) }
        return []
    }

    /// The entries of a map whose keys are those of the language.
    mutating func fields(_ node: YAMLNode, _ table: KeyTable, _ what: String) -> [String: YAMLEntry] {
        var fields: [String: YAMLEntry] = [:]
        for entry in entries(node, what) {
            if table.keys.contains(entry.name) {
                fields[entry.name] = entry
            } else if table.planned.contains(entry.name) {
                fault(
                    .unsupportedKey, "the key '\(entry.name)' in \(what) belongs to the language, but this version does not support it yet",
                    at: entry.key.position)
            } else if !(table.takesExtensions && entry.name.hasPrefix("x-")) {
                let hint = Self.didYouMean(entry.name, among: table.keys + table.planned)
                fault(.unknownKey, "unknown key '\(entry.name)' in \(what)", hint: hint, at: entry.key.position)
            }
        }
        return fields
    }

    /// Whether it is a letter or underscore, followed by letters, digits, underscores and dashes.
    mutating func checkName(_ key: YAMLScalar, _ what: String, allowsDash: Bool = true) {
        let letters = key.text.utf8
        let isLetter = { (byte: UInt8) in (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "_") }
        let isInner = { (byte: UInt8) in isLetter(byte) || (0x30...0x39).contains(byte) || allowsDash && byte == UInt8(ascii: "-") }
        if let first = letters.first, isLetter(first), letters.allSatisfy(isInner), letters.count <= WorkflowLimits.nameLength { return }
        let rule = "a letter or '_', then letters, digits, '_'\(allowsDash ? " and '-'" : ""), at most \(WorkflowLimits.nameLength)"
        fault(.badName, "'\(key.text)' is no name for \(what)", hint: rule, at: key.position)
    }
}
