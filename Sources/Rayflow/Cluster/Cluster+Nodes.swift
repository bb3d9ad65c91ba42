import GCS
public import RayflowCore

/// One machine of a cluster (or one of several raylets on a machine).
public struct ClusterNode: Hashable, Sendable, Identifiable {
    public let id: NodeID
    public let isAlive: Bool
    /// Amounts by name, in whole units: `CPU` and `GPU` count devices, `memory` bytes. Empty for a dead node.
    public let total: [String: Double]
    /// What is not booked by tasks and actors, as of the node's last report. May be below zero while a task that was blocked goes on.
    public let available: [String: Double]
}

extension Cluster {
    /// All nodes, also those that have died (the last 1,000), by id.
    /// - Throws: `getTimeout` when the GCS does not answer within 60 s.
    public var nodes: [ClusterNode] {
        get async throws {
            let result = try await engine.askGCS(.rows(.node, filters: [], limit: .max), timeout: RuntimeLimits.gcsTimeout)
            guard case .rows(let rows, _) = result else { return [] }
            return try rows.compactMap { row in
                guard let bytes = row.row else { return nil }
                let info: NodeInfo
                do { info = try NodeInfo(decoding: bytes) } catch { throw RayflowError(.corrupt, "a node cannot be read: \(error)") }
                return ClusterNode(
                    id: info.node, isAlive: info.isAlive, total: info.isAlive ? info.total.wholeUnits : [:],
                    available: info.available.wholeUnits)
            }.sorted { $0.id < $1.id }
        }
    }

    /// The sums over all living nodes, in whole units by name.
    public var resources: (total: [String: Double], available: [String: Double]) {
        get async throws {
            var total: [String: Double] = [:], available: [String: Double] = [:]
            for node in try await nodes where node.isAlive {
                total.merge(node.total) { $0 + $1 }
                available.merge(node.available) { $0 + $1 }
            }
            return (total, available)
        }
    }
}

extension ResourceSet {
    fileprivate var wholeUnits: [String: Double] { amounts.mapValues { Double($0) / Double(ResourceSet.unit) } }
}
