import RayflowCore

extension Cluster {
    /// A side effect of the driver or of a body that happens once in the life of a durable run: clock, random numbers, files, network.
    ///
    /// Its value is recorded, and given again when the run is resumed. If it throws, nothing is recorded. Elsewhere it just runs.
    public func step<R: RemoteValue>(
        _ name: String, isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> R
    ) async throws -> R {
        switch try await engine.beginStep(name) {
        case .recorded(let payload): return try payload.decode(R.self, in: self)
        case .pending(let ticket):
            let value = try await body()
            try await engine.finishStep(ticket: ticket, value: try Payload(encoding: value))
            return value
        }
    }
}
