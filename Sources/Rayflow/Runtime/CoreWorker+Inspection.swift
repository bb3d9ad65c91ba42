import Ownership
package import RayflowCore
import Transport

/// What this process keeps, for `rayflow memory`; and the questions of who wants to know it of others.
extension CoreWorker {
    /// On the loop. The tables are read in a copy, on a thread that may wait: neither the loop nor a submission waits for that.
    func inspected(_ m: InspectMemory, from: Address) {
        let owner = ownerNow
        let ids = m.objects.prefix(StateAccessor.largestLimit)
        io.run { [weak self, identity, rootScope] in
            let view = HoldingsView(process: identity.address, root: rootScope.task, known: owner.holdings(of: Array(ids)))
            let json = JSON.object(view.members).compact
            self?.post(.memoryInspected(MemoryInspected(request: m.request, json: json)), to: from)
        }
    }

    /// Asks a raylet, a driver or a worker.
    ///
    /// - Returns: nil when it has not answered in time.
    func inspect(
        _ peer: Address, _ objects: [ObjectID] = [], limit: Int = 0, order: MemoryOrder = .raw, timeout: Duration
    ) async -> JSON? {
        let text: String? = await withCheckedContinuation { continuation in
            let number = request(to: peer) {
                .inspectMemory(InspectMemory(request: $0, objects: objects, limit: UInt32(clamping: limit), order: order))
            } _: { message in
                guard case .memoryInspected(let m)? = message else { return continuation.resume(returning: nil) }
                continuation.resume(returning: m.json)
            }
            guard number > 0 else { return }
            execute { [self] in
                loop.scheduleTimer(after: max(timeout, .zero)) { [weak self] in
                    if self?.abandon(number) == true { continuation.resume(returning: nil) }
                }
            }
        }
        return text.flatMap { try? JSON.parse($0) }
    }

    package func memory(limit: Int, order: MemoryOrder) async throws(RayflowError) -> JSON {
        try await MemoryInspector(self).report(limit: limit, order: order)
    }
}
