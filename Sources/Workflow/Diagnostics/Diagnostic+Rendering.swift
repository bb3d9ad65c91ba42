extension Diagnostic: CustomStringConvertible {
    /// The place, the fault, the source line with a caret below it, and the hint:
    ///
    ///     hello.yaml:7:5: error[RF101]: unknown key 'comand' in step 'greet'
    ///       7 |     comand: [tr, a-z, A-Z]
    ///         |     ^
    ///       hint: did you mean 'command'?
    package var rendered: String {
        var lines = ["\(place): \(severity.rawValue)[\(code.name)]: \(Self.visible(message))"]
        if let position, let sourceLine {
            let number = String(position.line)
            let (text, caret) = Self.window(of: sourceLine, around: position.column)
            lines.append("  \(number) | \(text)")
            lines.append("  \(String(repeating: " ", count: number.count)) | \(caret)^")
        }
        if let hint { lines.append("  hint: \(Self.visible(hint))") }
        return lines.joined(separator: "\n")
    }

    /// `file:line:column`, or the file alone.
    package var place: String { position.map { "\(file):\($0.line):\($0.column)" } ?? file }

    package var description: String { rendered }

    /// The part of a long line around the caret, and what stands before the caret: tabs stay tabs, so that the two lines agree.
    private static func window(of line: String, around column: Int) -> (text: String, beforeCaret: String) {
        let scalars = Array(line.unicodeScalars)
        let at = min(column - 1, scalars.count)
        guard scalars.count > DiagnosticLimits.lineColumns else { return (visible(line), padding(scalars[..<at])) }
        let start = max(0, min(at - DiagnosticLimits.lineColumns / 2, scalars.count - DiagnosticLimits.lineColumns))
        let end = min(scalars.count, start + DiagnosticLimits.lineColumns)
        let lead = start > 0 ? "…" : ""
        let text = lead + visible(string(scalars[start..<end])) + (end < scalars.count ? "…" : "")
        return (text, padding(lead.unicodeScalars + scalars[start..<at]))
    }

    private static func padding(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        String(scalars.map { $0 == "\t" ? "\t" : " " as Character })
    }

    private static func string(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    /// Files are shown on terminals: a control character must not act there.
    private static func visible(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        return string(text.unicodeScalars.map { isControl($0) ? "\u{FFFD}" : $0 })
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar != "\t" && scalar != "\n" && (scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value))
    }
}
