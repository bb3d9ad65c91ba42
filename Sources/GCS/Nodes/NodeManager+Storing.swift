import RayflowCore

extension NodeManager {
    mutating func takeChanges(_ publisher: inout Publisher) -> [StoreChange] {
        var changes: [StoreChange] = []
        for node in entries.takeTouched() {
            let key = RowKey.node(node)
            guard let entry = entries[node] else {
                publisher.publish(.node, key: key, row: nil)
                changes.append(StoreChange(table: .node, key: key, value: nil))
                continue
            }
            let info = entry.info, told = entry.told
            if told == info { continue }
            let isMembership = told.map { $0.isAlive != info.isAlive || $0.total != info.total } ?? true
            entries.note(node) { $0.told = info }
            if isMembership {
                publisher.publish(.node, key: key, row: info.encoded)
                changes.append(StoreChange(table: .node, key: key, value: info.encoded))
            }
            // What is free changes all the time, and every raylet tells it when it comes back: it is not stored.
            publisher.publish(.resource, key: key, row: info.encoded)
        }
        return changes
    }

    /// Every living node is awaited: it is dead unless it comes back in time.
    mutating func restore(_ stored: [[UInt8]: [UInt8]], into out: inout [GCSDirective]) throws(DecodingFault) {
        var found: [NodeInfo] = []
        for row in stored.values { found.append(try NodeInfo(decoding: row)) }
        for info in found.sorted(by: { $0.node < $1.node }) {
            entries[info.node] = Entry(info: info, isAwaited: info.isAlive, told: info)
            if info.isAlive {
                out.append(.startTimer(.nodeGone(info.node, generation: 0), afterNS: Limits.reconnectNS))
            } else {
                remember(dead: info.node)
            }
        }
        _ = entries.takeTouched()
    }
}
