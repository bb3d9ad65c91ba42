import ArgumentParser

/// What a run writes, and where.
enum OutputMode: String, CaseIterable, ExpressibleByArgument {
    /// Progress on standard error, outputs on standard output.
    case human
    /// One JSON object on standard output, whatever happens; all else on standard error.
    case json
    /// The outputs, and errors.
    case quiet
}
