import RayflowCore

// Nodes that are there although nothing answers: a machine that hangs, a network that swallows.
extension NodeManager {
    /// One round of checks.
    /// - Returns: the nodes that have missed too many.
    mutating func checkHealth(number: UInt64, into out: inout [GCSDirective]) -> [NodeID] {
        var dead: [NodeID] = []
        for info in alive {
            let missed = entries[info.node]?.missedChecks ?? 0
            if missed >= Limits.missedHealthChecks {
                dead.append(info.node)
                continue
            }
            entries.note(info.node) { $0.missedChecks += 1 }
            out.append(.send(.healthCheck(HealthCheck(number: number)), to: info.raylet))
        }
        return dead
    }

    mutating func isHealthy(_ m: HealthReply, from: Address) -> Bool {
        guard from == .raylet(of: m.node), entries[m.node]?.info.isAlive == true else { return false }
        entries.note(m.node) { $0.missedChecks = 0 }
        return true
    }
}
