package import RayflowCore

/// Why a request for a worker is where it is: the scheduler's own answer, never guessed.
package enum PendingReason: Hashable, Sendable {
    /// It does not fit this node, and the table of nodes has not come yet.
    case waitsForNodes
    case dependencies([ObjectID])
    /// `missing` × ``RayflowCore/ResourceSet/unit`` of the resource; `hopsSpent`: it may no longer move to another node.
    case resource(String, missing: Int64, hopsSpent: Bool)
    /// Woken tasks have overdrawn the node; nothing is granted until the balance is restored.
    case overdrawn(String, by: Int64)
    case workerStarts
    /// All workers of the job wait for results; a further one starts after a delay.
    case workersBlocked
    case stepHostRestarts
    /// It fits, and is behind that many requests of the same shape.
    case behind(Int)
    case granted(Address)
}

extension PendingReason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .waitsForNodes: "waits for the list of nodes"
        case .dependencies(let ids): "waits for \(ids.count) object\(ids.count == 1 ? "" : "s"), first \(ids.first.map { "\($0)" } ?? "-")"
        case .resource(let name, let missing, let spent):
            "short of \(name) by \(ResourceSet.text(missing))" + (spent ? "; has moved between nodes too often to move again" : "")
        case .overdrawn(let name, let amount): "woken tasks use \(ResourceSet.text(amount)) \(name) more than the node has"
        case .workerStarts: "a worker starts"
        case .workersBlocked: "every worker waits for results; a further one starts soon"
        case .stepHostRestarts: "the step runner restarts"
        case .behind(let count): "behind \(count) other request\(count == 1 ? "" : "s")"
        case .granted(let worker): "runs on \(worker)"
        }
    }
}
