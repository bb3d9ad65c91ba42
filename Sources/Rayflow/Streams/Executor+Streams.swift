import RayflowCore

extension Executor {
    /// The call of a function whose result is more than the values that it returns: a stream, or an array whose elements become objects.
    func invocation(of entry: FunctionEntry, _ spec: TaskSpec, owner: Address) -> @Sendable (Call) async throws -> ResultPayload {
        if spec.options.streamWindow > 0 {
            return { [self] call in
                let producer = StreamProducer(self, spec, owner: owner)
                producers[spec.id] = producer
                defer {
                    _ = producer.close()
                    producers[spec.id] = nil
                }
                return try await RunningStream.$target.withValue(producer) { try await entry.invoke(call) }
            }
        }
        return { [cluster] call in try entry.spread(try await entry.invoke(call), in: cluster) }
    }
}
