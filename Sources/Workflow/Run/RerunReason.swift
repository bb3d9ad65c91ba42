/// Why a step that ran in an earlier epoch runs again.
package enum RerunReason: String, Sendable, Hashable, CaseIterable {
    /// Its text, its inputs or what it needs.
    case changed
    /// It failed, was cancelled or did not end.
    case unfinished
    case inDoubt = "in-doubt"
    /// By `--rerun`.
    case asked
    /// A file that it made, or what was kept of its outputs, is gone.
    case outputMissing = "output-missing"

    package var text: String {
        switch self {
        case .changed: "its definition or its inputs changed"
        case .unfinished: "it did not succeed before"
        case .inDoubt: "nobody knows whether its last attempt ended"
        case .asked: "asked for with --rerun"
        case .outputMissing: "what it made is gone"
        }
    }
}
