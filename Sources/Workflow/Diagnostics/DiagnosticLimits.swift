/// The bounds of what is shown.
package enum DiagnosticLimits {
    /// Faults of one file that are shown.
    package static let shown = 50
    /// Columns of a source line that are shown around the caret.
    package static let lineColumns = 120
}
