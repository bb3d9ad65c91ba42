import GCS
import Ownership
import Raylet
package import RayflowCore
import Transport

/// The state of a cluster by tables, to be read only: what `rayflow state` shows.
package struct StateAccessor: Sendable {
    package enum Table: String, CaseIterable, Sendable {
        case tasks, actors, nodes, jobs, workers, functions, objects, keys
        case placementGroups = "placement-groups"
    }

    package struct Listing: Hashable, Sendable {
        package var rows: [JSONObject]
        /// How many there are, of which these are the first.
        package var total: Int
    }

    /// Rows of one answer at most.
    package static let largestLimit = 10_000

    private let core: CoreWorker
    private let raylet: RayletShell?

    /// - Parameter raylet: of this process, whose workers are shown besides those that are lost; nil: it has none.
    package init(core: CoreWorker, raylet: RayletShell? = nil) { (self.core, self.raylet) = (core, raylet) }

    /// - Parameters:
    ///   - filters: fields of a row and the text that they must have.
    ///   - limit: rows at most, from 1 to ``largestLimit``.
    /// - Throws: `invalidArgument` for a field that the table has not, as far as its rows show; `getTimeout`, `shutDown`.
    package func list(_ table: Table, filters: [RowFilter] = [], limit: Int = 1_000) async throws(RayflowError) -> Listing {
        guard (1...Self.largestLimit).contains(limit) else {
            throw RayflowError(.invalidArgument, "limit \(limit): give a number from 1 to \(Self.largestLimit)")
        }
        let found = try await rows(table, filters, limit)
        if found.rows.isEmpty, !filters.isEmpty, let any = try await rows(table, [], 1).rows.first {
            for filter in filters where any[filter.field] == nil {
                throw RayflowError(
                    .invalidArgument,
                    "\(table.rawValue) have no \(filter.field); filter by \(any.map(\.key).joined(separator: ", "))")
            }
        }
        return found
    }

    private func rows(_ table: Table, _ filters: [RowFilter], _ limit: Int) async throws(RayflowError) -> Listing {
        let client = GCSClient(core)
        switch table {
        case .tasks:
            var found = try await client.tasks.list(filters, limit: limit)
            found.rows.sort { ($0.states.first?.wallNS ?? 0) < ($1.states.first?.wallNS ?? 0) }
            return Self.listing(found)
        case .actors: return Self.listing(try await client.actors.list(filters, limit: limit))
        case .nodes: return Self.listing(try await client.nodes.list(filters, limit: limit))
        case .jobs: return Self.listing(try await client.jobs.list(filters, limit: limit))
        case .functions: return Self.listing(try await client.functions.list(filters, limit: limit))
        case .keys: return Self.listing(try await client.keys.list(filters, limit: limit))
        case .placementGroups: return Self.listing(try await client.placementGroups.list(filters, limit: limit))
        case .workers:
            let lost = try await client.workers.list(filters, limit: limit)
            let here = Self.select(livingWorkers(), filters)
            return Listing(rows: Array((here + lost.rows.map(\.fields)).prefix(limit)), total: here.count + lost.total)
        case .objects:
            let (views, count) = core.step { owner, _ in (owner.objectViews(limit: Self.largestLimit), owner.objectCount) }
            let found = Self.select(views.map(Self.fields), filters)
            return Listing(rows: Array(found.prefix(limit)), total: filters.isEmpty ? count : found.count)
        }
    }

    private static func listing<Row: TableRow>(_ found: (rows: [Row], total: Int)) -> Listing {
        Listing(rows: found.rows.map(\.fields), total: found.total)
    }

    private static func select(_ rows: [JSONObject], _ filters: [RowFilter]) -> [JSONObject] {
        rows.filter { row in filters.allSatisfy { $0.matches(row) } }
    }

    private func livingWorkers() -> [JSONObject] {
        guard let raylet, let snapshot = try? raylet.loop.sync({ raylet.snapshot() }) else { return [] }
        return snapshot.workers.map { worker in
            [
                "worker": .string("\(Address.process(id: worker.process, on: snapshot.node))"), "state": .string(worker.state.rawValue),
                "node": .string("\(snapshot.node)"), "pid": .int(Int(worker.pid)), "job": .string("\(worker.job)"),
                "actor": .bool(worker.isActor), "blocked": .bool(worker.isBlocked), "error": .null,
            ]
        }
    }

    private static func fields(_ view: ObjectView) -> JSONObject {
        [
            "object": .string("\(view.object)"), "state": .string(view.state.rawValue),
            "bytes": view.size.map { .int(Int(clamping: $0)) } ?? .null, "refs": .int(view.localRefs), "tasks": .int(view.taskRefs),
            "owner": .string("\(view.owner)"), "nodes": .string(view.nodes.map { "\($0)" }.joined(separator: " ")),
        ]
    }
}
