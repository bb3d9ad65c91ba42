import Ownership
package import RayflowCore

extension CoreWorker {
    package func nextItem(of end: ObjectID) async throws(CancellationError) -> NextItem {
        while true {
            switch step({ $0.takeItem(of: end.task, into: &$1) }) {
            case .item(let id): return .item(id)
            case .waits(let id): try await settle(id)
            case .ended:
                try await settle(end)
                if case .failed(let record)? = state(of: end) { return .failed(record) }
                return .ended
            }
        }
    }

    package func closeStream(_ end: ObjectID) { step { $0.closeStream(of: end.task, into: &$1) } }
}
