/// Whether a run can be resumed.
public struct RunMode: Sendable, Hashable {
    package enum Rule: Sendable, Hashable {
        case ephemeral
        case durable(id: String?, folder: String?)
    }
    package let rule: Rule

    /// Nothing is kept: the default.
    public static let ephemeral = Self(rule: .ephemeral)
    /// A journal is kept; starting with the id of an earlier run resumes it.
    ///
    /// - Parameters:
    ///   - id: of the run; by default a new one.
    ///   - folder: in which the runs' folders are; `.rayflow/runs` by default.
    public static func durable(id: String? = nil, folder: String? = nil) -> Self { Self(rule: .durable(id: id, folder: folder)) }
}
