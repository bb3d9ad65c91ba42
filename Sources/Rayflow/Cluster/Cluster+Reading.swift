package import RayflowCore

extension Cluster {
    nonisolated(nonsending) func value<T: RemoteValue>(of id: ObjectID, timeout: Duration?) async throws -> T {
        // Without a time limit nothing is decided here, so an object that is at hand needs no wait.
        if timeout == nil, let fetched = engine.ready(id) { return try value(fetched) }
        return try value(try await engine.fetch(id, timeout: timeout))
    }

    private func value<T: RemoteValue>(_ fetched: Fetched) throws -> T {
        switch fetched {
        case .payload(let payload): return try payload.decode(T.self, in: self)
        case .mapped(let object): return try object.decode(T.self, in: self)
        case .failed(let record):
            let error = failure(record)
            throw error.cause as? any RemoteError ?? error
        }
    }

    nonisolated(nonsending) func outcome<T: RemoteValue>(of id: ObjectID) async -> Outcome<T> {
        do {
            switch try await engine.fetch(id, timeout: nil) {
            case .payload(let payload): return .success(try payload.decode(T.self, in: self))
            case .mapped(let object): return .success(try object.decode(T.self, in: self))
            case .failed(let record): return .failure(failure(record))
            }
        } catch let error as RayflowError {
            return .failure(error)
        } catch {
            return .failure(RayflowError(.cancelled, "the task that waits was cancelled", cause: error))
        }
    }

    /// A failure as users see it, with their own error as its cause.
    package func failure(_ record: ErrorRecord) -> RayflowError {
        RayflowError(record, cause: record.typed.flatMap { registry.error($0, in: self) })
    }
}
