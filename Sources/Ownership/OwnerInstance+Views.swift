package import RayflowCore

/// One object for status output.
package struct ObjectView: Hashable, Sendable {
    package enum State: String, Sendable { case pending, inline, stored, failed }
    package var object: ObjectID
    package var owner: Address
    package var state: State
    /// Bytes; nil while it is pending, and for a failure.
    package var size: UInt64?
    package var nodes: [NodeID]
    package var localRefs: Int
    package var taskRefs: Int
}

extension OwnerInstance {
    /// Objects that this process owns or borrows, in no order.
    /// - Parameter limit: at most so many; there are ``objectCount``.
    package func objectViews(limit: Int) -> [ObjectView] {
        objects.prefix(max(limit, 0)).map { id, entry in
            var view = ObjectView(
                object: id, owner: entry.owner, state: .pending, size: nil, nodes: [], localRefs: Int(entry.localRefs),
                taskRefs: Int(entry.taskRefs))
            switch entry.state {
            case nil: break
            case .inline(let enclosed)?: (view.state, view.size) = (.inline, UInt64(enclosed.payload.bytes.count))
            case .stored(let nodes, let size, _, _)?: (view.state, view.size, view.nodes) = (.stored, size, nodes)
            case .failed?: view.state = .failed
            }
            return view
        }
    }
}
