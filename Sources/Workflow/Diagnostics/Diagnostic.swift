/// One fault or remark about a workflow file, with its place.
///
/// It holds the source line that it shows, so that it can be rendered after the file is gone.
package struct Diagnostic: Error, Hashable, Sendable {
    package enum Severity: String, Hashable, Sendable {
        case error, warning, note
    }

    /// The path as the user gave it.
    package var file: String
    /// Nil when the fault has no place within the file: a file that cannot be read, an input that nobody declared.
    package var position: SourcePosition?
    package var severity: Severity
    package var code: DiagnosticCode
    /// What is wrong; no full stop.
    package var message: String
    /// What to do about it, when there is a good guess.
    package var hint: String?
    /// The line at ``position``, without its line break.
    package var sourceLine: String?

    package init(
        file: String, position: SourcePosition?, severity: Severity = .error, code: DiagnosticCode, message: String, hint: String? = nil,
        sourceLine: String? = nil
    ) {
        self.file = file
        self.position = position
        self.severity = severity
        self.code = code
        self.message = message
        self.hint = hint
        self.sourceLine = sourceLine
    }
}

extension SourceText {
    package func diagnostic(
        _ code: DiagnosticCode, _ message: String, hint: String? = nil, at position: SourcePosition?, severity: Diagnostic.Severity = .error
    ) -> Diagnostic {
        Diagnostic(
            file: file, position: position, severity: severity, code: code, message: message, hint: hint,
            sourceLine: position.map { line($0.line) })
    }
}
