/// How a worker process has ended.
package struct WorkerExit: Hashable, Sendable {
    /// For people: "exited with status 3", "was killed by signal 9 (Killed)".
    package var description: String
    /// The cluster turned it away, for this reason: another process of the same program would end in the same way.
    package var refusal: String?

    /// The kernel ended it because memory was short.
    package var isOutOfMemory: Bool

    package init(_ description: String, refusal: String? = nil, isOutOfMemory: Bool = false) {
        self.description = description
        self.refusal = refusal
        self.isOutOfMemory = isOutOfMemory
    }
}
