import Ownership

extension CoreWorker {
    package func capacity() async throws(CancellationError) {
        let gate = scope.nextPut()
        guard step({ owner, _ in owner.mustWait(for: gate) }) else { return }
        defer { release(gate) }
        try await settle(gate)
    }
}
