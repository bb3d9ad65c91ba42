package import GCS
package import RayflowCore

/// The way to one table of the GCS.
package struct TableAccessor<Row: TableRow>: Sendable {
    let core: CoreWorker

    /// - Throws: `getTimeout`, `shutDown`, `corrupt`.
    package func get(_ key: [UInt8], timeout: Duration = RuntimeLimits.gcsTimeout) async throws(RayflowError) -> Row? {
        try Self.rows(try await core.askGCS(.row(Row.table, key: key), timeout: timeout)).rows.first
    }

    /// In the order of their keys.
    /// - Parameter filters: by the text of a row's ``TableRow/fields``.
    /// - Returns: at most `limit` rows (and at most 10,000), and how many there are.
    package func list(
        _ filters: [RowFilter] = [], limit: Int = 1_000, timeout: Duration = RuntimeLimits.gcsTimeout
    ) async throws(RayflowError) -> (rows: [Row], total: Int) {
        try Self.rows(try await core.askGCS(.rows(Row.table, filters: filters, limit: UInt32(clamping: limit)), timeout: timeout))
    }

    private static func rows(_ result: GCSResult) throws(RayflowError) -> (rows: [Row], total: Int) {
        guard case .rows(let rows, let total) = result else { throw RayflowError(.corrupt, "an answer of another kind") }
        do throws(DecodingFault) {
            var decoded: [Row] = []
            for row in rows { if let bytes = row.row { decoded.append(try Row(decoding: bytes)) } }
            return (decoded, Int(clamping: total))
        } catch { throw RayflowError(.corrupt, "a row of the \(Row.table) table cannot be read: \(error)") }
    }

    /// The table as a copy that is kept fresh, each time that it has changed; the present one first.
    ///
    /// Nothing is missed: a reader that is slow sees the newest copy, never each step. Ends with the cluster.
    package func watch() -> AsyncStream<[Row]> {
        let (stream, continuation) = AsyncStream.makeStream(of: [Row].self, bufferingPolicy: .bufferingNewest(1))
        guard let channel = Row.channel else {
            continuation.finish()
            return stream
        }
        core.execute { [core] in
            let ticket = core.watches.add(channel, through: core) { _, follower in
                let rows = follower.rows.sorted { $0.key.lexicographicallyPrecedes($1.key) }.compactMap { try? Row(decoding: $0.value) }
                continuation.yield(rows)
            }
            continuation.onTermination = { _ in core.execute { core.watches.remove(ticket, from: channel) } }
        }
        return stream
    }
}

/// The tables of the GCS as a driver or worker sees them.
package struct GCSClient: Sendable {
    package let core: CoreWorker
    package init(_ core: CoreWorker) { self.core = core }

    package var nodes: TableAccessor<NodeInfo> { TableAccessor(core: core) }
    package var jobs: TableAccessor<JobRow> { TableAccessor(core: core) }
    package var workers: TableAccessor<WorkerRow> { TableAccessor(core: core) }
    package var actors: TableAccessor<ActorRow> { TableAccessor(core: core) }
    package var functions: TableAccessor<FunctionRow> { TableAccessor(core: core) }
    package var tasks: TableAccessor<TaskRow> { TableAccessor(core: core) }
    package var placementGroups: TableAccessor<PlacementGroupRow> { TableAccessor(core: core) }
    package var keys: TableAccessor<KeyRow> { TableAccessor(core: core) }

    /// Tells the GCS which code there is.
    package func register(_ functions: [FunctionRow], timeout: Duration = RuntimeLimits.gcsTimeout) async throws(RayflowError) {
        _ = try await core.askGCS(.addFunctions(functions.map { KeyedRow(key: $0.key, row: $0.encoded) }), timeout: timeout)
    }
}
