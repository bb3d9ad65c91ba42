/// Why a task has not started: the answer of whoever holds it (its owner, or the raylet that it was asked of), never guessed.
public enum PendingReason: Hashable, Sendable {
    /// It does not fit this node, and the table of nodes has not come yet.
    case waitsForNodes
    case dependencies([ObjectID])
    /// `missing` × ``ResourceSet/unit`` of the resource; `hopsSpent`: it may no longer move to another node.
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
    /// Its placement group has not all that was asked for; `why`: the nodes that are there can never have it.
    case placementGroup(PlacementGroupID, PlacementGroupState, why: String?)
    /// Its bundle is short of the resource.
    case bundle(BundleID, String, missing: Int64)
    /// Its actor has no process yet.
    case actor(ActorState)
    /// The last attempt failed; the next one begins after a pause.
    case retryPause
    /// Its owner has asked for a worker for each of that many tasks before it.
    case behindOwn(Int)
}

extension PendingReason {
    /// A short name of the kind of reason, stable for programs.
    public var code: String {
        switch self {
        case .waitsForNodes: "nodes"
        case .dependencies: "dependencies"
        case .resource: "resource"
        case .overdrawn: "overdrawn"
        case .workerStarts: "worker-starts"
        case .workersBlocked: "workers-blocked"
        case .stepHostRestarts: "step-runner-restarts"
        case .behind, .behindOwn: "behind"
        case .granted: "granted"
        case .placementGroup: "placement-group"
        case .bundle: "bundle"
        case .actor: "actor"
        case .retryPause: "retry-pause"
        }
    }
}

extension PendingReason: CustomStringConvertible {
    public var description: String {
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
        case .placementGroup(let group, let state, let why): "placement group \(group) is \(state)" + (why.map { ": \($0)" } ?? "")
        case .bundle(let bundle, let name, let missing): "bundle \(bundle) is short of \(name) by \(ResourceSet.text(missing))"
        case .actor(let state): "its actor is \(state)"
        case .retryPause: "pauses before the next attempt"
        case .behindOwn(let count): "behind \(count) task\(count == 1 ? "" : "s") of the same kind"
        }
    }
}

extension ByteWriter {
    public mutating func pendingReason(_ value: PendingReason) {
        switch value {
        case .waitsForNodes: u8(0)
        case .dependencies(let ids):
            u8(1)
            list(ids) { $0.object($1) }
        case .resource(let name, let missing, let spent):
            u8(2)
            string(name)
            i64(missing)
            bool(spent)
        case .overdrawn(let name, let amount):
            u8(3)
            string(name)
            i64(amount)
        case .workerStarts: u8(4)
        case .workersBlocked: u8(5)
        case .stepHostRestarts: u8(6)
        case .behind(let count):
            u8(7)
            i64(Int64(count))
        case .granted(let worker):
            u8(8)
            address(worker)
        case .placementGroup(let group, let state, let why):
            u8(9)
            placementGroup(group)
            u8(state.rawValue)
            optional(why) { $0.string($1) }
        case .bundle(let bundle, let name, let missing):
            u8(10)
            placementGroup(bundle.group)
            u32(bundle.index)
            string(name)
            i64(missing)
        case .actor(let state):
            u8(11)
            u8(state.rawValue)
        case .retryPause: u8(12)
        case .behindOwn(let count):
            u8(13)
            i64(Int64(count))
        }
    }
}

extension ByteReader {
    public mutating func pendingReason() throws(DecodingFault) -> PendingReason {
        switch try u8() {
        case 0: return .waitsForNodes
        case 1: return .dependencies(try list(unit: 28) { (reader) throws(DecodingFault) in try reader.object() })
        case 2: return .resource(try string(), missing: try i64(), hopsSpent: try bool())
        case 3: return .overdrawn(try string(), by: try i64())
        case 4: return .workerStarts
        case 5: return .workersBlocked
        case 6: return .stepHostRestarts
        case 7: return .behind(Int(clamping: try i64()))
        case 8: return .granted(try address())
        case 9:
            return .placementGroup(
                try placementGroup(), try placementGroupState(), why: try optional { (r) throws(DecodingFault) in try r.string() })
        case 10: return .bundle(BundleID(group: try placementGroup(), index: try u32()), try string(), missing: try i64())
        case 11: return .actor(try actorState())
        case 12: return .retryPause
        case 13: return .behindOwn(Int(clamping: try i64()))
        default: throw DecodingFault("unknown reason", at: offset - 1)
        }
    }
}
