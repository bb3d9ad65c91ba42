/// The bounds of the command line.
enum CommandLimits {
    /// Between two looks at a log or at a run in another process.
    static let followMilliseconds: Int32 = 150
    /// Between two pictures of the live display.
    static let redrawMilliseconds = 100
    /// Running steps that the live display names.
    static let shownRunning = 6
    /// Failed steps whose log is shown at the end.
    static let shownFailures = 3
    /// Columns of a terminal that does not tell.
    static let columns = 80
    /// Bytes of a value that stand on one line of the outputs.
    static let lineBytes = 100
    /// Characters of one cell of a table.
    static let cellCharacters = 60
    /// Bytes that are read from a log at once.
    static let readBytes = 64 << 10
    /// Bytes of an unfinished line that are held back for its end.
    static let heldLineBytes = 64 << 10
    /// What another process is given to answer.
    static let adminTimeout: Duration = .seconds(5)
    /// The same for a report on memory, for which that process asks others.
    static let memoryTimeout: Duration = .seconds(8)
    /// Processes, transfers and names that a report on memory shows of each kind.
    static let shownInMemory = 20
    /// Folders within one another in the search for changed sources.
    static let sourceDepth = 64
}
