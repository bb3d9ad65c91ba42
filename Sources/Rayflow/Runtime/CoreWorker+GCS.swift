import Ownership
package import RayflowCore
import Transport

// Questions to the GCS. It may be away for a while: each is asked again until it is answered or its time is over.
extension CoreWorker {
    package func askGCS(_ operation: GCSOperation, timeout: Duration = RuntimeLimits.gcsTimeout) async throws(RayflowError) -> GCSResult {
        let answer = await ask(timeout) { .gcsRequest(GCSRequest(request: $0, operation: operation)) }
        guard case .gcsReply(let reply) = try answer.get() else { throw RayflowError(.system, "an answer of another kind") }
        if case .failed(let error) = reply.result { throw RayflowError(error) }
        return reply.result
    }

    package func namedActor(
        _ name: String, namespace: String?, timeout: Duration = RuntimeLimits.gcsTimeout
    ) async throws(RayflowError) -> NamedActor? {
        let answer = await ask(timeout) { .lookupActor(LookupActor(request: $0, name: name, namespace: namespace ?? self.ownNamespace)) }
        guard case .lookupReply(let found) = try answer.get() else { throw RayflowError(.system, "an answer of another kind") }
        guard let actor = found.actor else { return nil }
        step { owner, _ in owner.holdFoundHandle(of: actor) }
        return NamedActor(actor: actor, typeName: found.typeName)
    }

    private func ask(_ timeout: Duration, _ make: @escaping @Sendable (UInt64) -> Message) async -> Result<Message, RayflowError> {
        await withCheckedContinuation { continuation in
            let number = request(to: .gcs, make) { message in
                continuation.resume(
                    returning: message.map { .success($0) } ?? .failure(RayflowError(.shutDown, "the cluster has been shut down")))
            }
            guard number > 0 else { return }
            execute { [self] in
                resend(number, make)
                loop.scheduleTimer(after: max(timeout, .zero)) { [weak self] in
                    guard let self, abandon(number) else { return }
                    let error = RayflowError(.getTimeout, "the global control service has not answered within \(timeout)")
                    continuation.resume(returning: .failure(error))
                }
            }
        }
    }

    private func resend(_ number: UInt64, _ make: @escaping @Sendable (UInt64) -> Message) {
        loop.scheduleTimer(afterNanoseconds: RuntimeLimits.gcsResendNS) { [weak self] in
            guard let self, isOpen(number) else { return }
            send(make(number), to: .gcs)
            resend(number, make)
        }
    }
}
