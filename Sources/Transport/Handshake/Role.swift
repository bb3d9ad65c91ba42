/// What a process is to the one that it talks to. A process with several announces its first.
package enum Role: UInt8, Sendable, Hashable, CaseIterable {
    case driver = 1
    case worker = 2
    case stepRunner = 3
    case raylet = 4
    case gcs = 5
    /// The command line asking a live cluster.
    case admin = 6
}
