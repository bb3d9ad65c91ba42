import ObjectStore
import Raylet
import RayflowCore
import Transport

/// What the node's object store holds, for `rayflow memory`.
extension RayletShell {
    /// The loop gives copies of what there is; reading them takes a thread that may wait.
    func inspected(_ m: InspectMemory, from: Address) {
        let store = store.snapshot, transfers = transfers, workers = snapshot().workers
        let limit = min(Int(m.limit), StateAccessor.largestLimit)
        io.run { [self] in
            let view = StoreView(
                node: node, store: store, order: m.order, transfers: transfers, workers: workers,
                diskBytes: spillFolder?.diskBytes ?? 0, limit: limit)
            let json = JSON.object(view.members).compact
            loop.execute { [self] in send(.memoryInspected(MemoryInspected(request: m.request, json: json)), to: from) }
        }
    }
}
