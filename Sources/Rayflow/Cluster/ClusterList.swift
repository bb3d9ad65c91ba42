import Synchronization

/// The clusters of this process, so that the only one need not be named.
final class ClusterList: Sendable {
    static let shared = ClusterList()

    private struct Entry: Sendable {
        let key: ObjectIdentifier
        weak let cluster: Cluster?
    }
    private let entries = Mutex<[Entry]>([])

    func add(_ cluster: Cluster) { entries.withLock { $0.append(Entry(key: ObjectIdentifier(cluster), cluster: cluster)) } }

    func remove(_ cluster: Cluster) {
        let key = ObjectIdentifier(cluster)
        entries.withLock { $0.removeAll { $0.key == key } }
    }

    enum Choice {
        case none, several
        case one(Cluster)
    }

    var choice: Choice {
        // The references are let go outside of the lock: the last one of a cluster runs `remove`.
        let alive = entries.withLock { entries in entries.count > 64 ? nil : entries.compactMap(\.cluster) }
        guard let alive, alive.count < 2 else { return .several }
        return alive.first.map(Choice.one) ?? .none
    }
}
