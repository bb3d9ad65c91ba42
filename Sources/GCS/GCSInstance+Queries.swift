import RayflowCore

// What clients ask of the tables.
extension GCSInstance {
    mutating func answer(_ m: GCSRequest, from: Address, into out: inout [GCSDirective]) {
        let result = carryOut(m.operation, request: m.request, from: from)
        out.append(.send(.gcsReply(GCSReply(request: m.request, result: result)), to: from))
    }

    private mutating func carryOut(_ operation: GCSOperation, request: UInt64, from: Address) -> GCSResult {
        switch operation {
        case .putKey, .getKey, .deleteKey, .hasKey, .listKeys:
            keyValues.carryOut(operation, request: request, from: from) ?? .failed(ErrorRecord(.unsupported, "an unknown operation"))
        case .addFunctions(let rows): functions.add(rows)
        case .publish(let channel, let rows): publish(rows, channel)
        case .row(let table, let key): .rows(row(table, key).map { [KeyedRow(key: key, row: $0)] } ?? [], total: 0)
        case .rows(let table, let filters, let limit): rows(table, filters, limit: min(Int(limit), Limits.listedRows))
        }
    }

    private mutating func publish(_ rows: [KeyedRow], _ channel: GCSChannel) -> GCSResult {
        guard channel == .error || channel == .log else {
            return .failed(
                ErrorRecord(.invalidArgument, "the channel \(channel) tells the changes of a table: nothing else is published there"))
        }
        guard rows.count <= Limits.messagesAtOnce, rows.allSatisfy({ $0.key.count + ($0.row?.count ?? 0) <= Limits.valueBytes }) else {
            return .failed(ErrorRecord(.invalidArgument, "too much at once: \(rows.count) messages"))
        }
        for row in rows { publisher.publish(channel, key: row.key, row: row.row) }
        return .done(true)
    }

    private func row(_ table: GCSTable, _ key: [UInt8]) -> [UInt8]? {
        var r = ByteReader(key)
        switch table {
        case .node: return (try? r.node()).flatMap { nodes.entries[$0]?.info.encoded }
        case .job: return (try? r.job()).flatMap { jobs.jobs[$0].map { JobRow($0).encoded } }
        case .worker: return (try? r.address()).flatMap { workers[$0]?.encoded }
        case .actor: return (try? r.actor()).flatMap { actors.actors[actors.resolve($0)].map { ActorRow($0).encoded } }
        case .function: return functions.rows[String(decoding: key, as: UTF8.self)]?.encoded
        case .task:
            guard let task = try? r.task(), let attempt = try? r.attempt() else { return nil }
            return tasks[task, attempt]?.encoded
        case .placementGroup:
            return (try? r.placementGroup()).flatMap { placementGroups.groups[$0].map { PlacementGroupRow($0).encoded } }
        case .keyValue, .actorSpec, .meta: return nil
        }
    }

    private func rows(_ table: GCSTable, _ filters: [RowFilter], limit: Int) -> GCSResult {
        switch table {
        case .node: select(nodes.all, filters, limit)
        case .job: select(jobs.all.map { JobRow($0) }, filters, limit)
        case .worker: select(workers.rows.values, filters, limit)
        case .actor: select(actors.actors.values.lazy.map { ActorRow($0) }, filters, limit)
        case .function: select(functions.rows.values, filters, limit)
        case .task: select(tasks.all, filters, limit)
        case .keyValue: select(keyValues.entries.lazy.map { KeyRow($0.key, byteCount: $0.value.value.count) }, filters, limit)
        case .placementGroup: select(placementGroups.groups.values.lazy.map { PlacementGroupRow($0) }, filters, limit)
        case .actorSpec, .meta: .failed(ErrorRecord(.unsupported, "the table \(table) cannot be listed"))
        }
    }

    /// In the order of their keys, so that the same question gets the same answer.
    private func select<Row: TableRow>(_ all: some Sequence<Row>, _ filters: [RowFilter], _ limit: Int) -> GCSResult {
        var found: [KeyedRow] = []
        for row in all where row.matches(filters) { found.append(KeyedRow(key: row.key, row: row.encoded)) }
        found.sort { $0.key.lexicographicallyPrecedes($1.key) }
        return .rows(Array(found.prefix(limit)), total: UInt64(found.count))
    }

    // MARK: Snapshots of channels

    func snapshot(of channel: GCSChannel) -> (rows: [KeyedRow], missing: Int) {
        switch channel {
        case .node, .resource: rows(of: nodes.all) { $0.isAlive }
        case .job: rows(of: jobs.all.map { JobRow($0) }) { $0.ended == nil }
        case .worker: rows(of: workers.rows.values) { _ in true }
        case .actor: rows(of: actors.actors.values.map { ActorRow($0) }) { $0.state != .dead }
        case .placementGroup: rows(of: placementGroups.groups.values.map { PlacementGroupRow($0) }) { $0.state != .removed }
        case .error, .log: (publisher.retainedMessages(channel), 0)
        }
    }

    /// The living first: what does not fit is the past.
    private func rows<Row: TableRow>(of all: some Collection<Row>, isLiving: (Row) -> Bool) -> (rows: [KeyedRow], missing: Int) {
        let living = all.filter(isLiving), past = all.filter { !isLiving($0) }
        let shown = living.prefix(Limits.snapshotRows) + past.prefix(max(0, Limits.snapshotRows - living.count))
        return (shown.map { KeyedRow(key: $0.key, row: $0.encoded) }, all.count - shown.count)
    }
}
