extension Cluster {
    /// Waits until less than half of the tasks that this process may have pending are: a loop that submits without end calls it now and then.
    ///
    /// Submissions beyond the limit give refs that fail with `tooManyPending`.
    /// - Throws: `CancellationError`.
    public func capacity() async throws { try await engine.capacity() }
}
