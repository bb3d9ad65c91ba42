import ObjectStore
import RayflowCore
import Transport

/// Transfers: the side that has the object.
extension RayletShell {
    /// Sends an object that the raylet has pinned at `place`, and lets go of it.
    func push(_ m: PullObject, _ place: ObjectPlace, to: Address) {
        guard let bytes = try? store.arena.view(place) else {
            run { try? store.unpin(m.object, client: Self.pushClient, into: &$0) }
            return send(.pullFailed(PullFailed(request: m.request, object: m.object, reason: "node \(node) cannot read its copy")), to: to)
        }
        let source = UncheckedBytes(bytes)
        io.run { [self] in
            let reader = ChunkReader(source.bytes)
            for index in 0..<reader.plan.count {
                let message = ObjectChunk(
                    request: m.request, object: m.object, index: UInt32(index), count: UInt32(reader.plan.count),
                    totalSize: UInt64(reader.plan.totalSize), chunk: reader.chunk(at: index).encoded)
                loop.execute { self.send(.objectChunk(message), to: to) }
            }
            loop.execute { [self] in run { try? store.unpin(m.object, client: Self.pushClient, into: &$0) } }
        }
    }
}

/// Pages that a pin keeps where they are.
private struct UncheckedBytes: @unchecked Sendable {
    let bytes: UnsafeRawBufferPointer
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }
}
