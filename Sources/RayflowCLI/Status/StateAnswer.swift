import Journal
import Rayflow
import RayflowCore
import Workflow

/// A table, and who told it.
struct StateAnswer {
    var table: StateAccessor.Table
    var rows: [JSONObject]
    var total: Int
    /// What became of tasks and was too much to be told.
    var eventsLeftOut = 0
    var isLive: Bool
    /// As of when; since 1970.
    var milliseconds: Int
    /// For a person: who answered, and as of when.
    var source: String

    /// Asks the live process first.
    static func of(_ run: RunFolder, _ table: StateAccessor.Table, filters: [RowFilter], limit: Int) throws -> StateAnswer {
        let holder = try Failures.ofJournal { () throws(JournalFault) in try RunLock.peek(run) }
        guard let holder, !holder.session.isEmpty else {
            return try ofJournal(run, table, filters: filters, limit: limit)
        }
        let question: JSON = [
            "table": .string(table.rawValue), "limit": .int(limit),
            "filters": .object(JSONObject(filters.map { ($0.field, .string($0.value)) })),
        ]
        do {
            let reply = try AdminClient.ask(
                session: holder.session, verb: "state", argument: question.compact, timeout: CommandLimits.adminTimeout)
            let now = TimeText.nowMilliseconds
            return StateAnswer(
                table: table, rows: reply["rows"]?.arrayValue?.compactMap(\.objectValue) ?? [], total: reply["total"]?.intValue ?? 0,
                eventsLeftOut: reply["events-left-out"]?.intValue ?? 0, isLive: true, milliseconds: now,
                source: "\(TimeText.local(milliseconds: now)), told by \(holder), which runs it")
        } catch {
            // It may have ended just now: then its journal tells.
            let isGone = try Failures.ofJournal { () throws(JournalFault) in try RunLock.peek(run) } == nil
            guard isGone else { throw CommandFailure.usage("\(holder) answers: \(Failures.text(error))") }
            return try ofJournal(run, table, filters: filters, limit: limit)
        }
    }

    private static func ofJournal(
        _ run: RunFolder, _ table: StateAccessor.Table, filters: [RowFilter], limit: Int
    ) throws -> StateAnswer {
        guard table == .tasks else {
            throw CommandFailure.usage(
                "run \(run.id) is not going on, and its journal tells of tasks only: "
                    + "\(Program.current.hint("state tasks \(run.id)"))")
        }
        let reading: (report: RunReport, isLive: Bool, holder: RunLock.Info?)
        do { reading = try RunReading.report(run) } catch let fault as JournalFault { throw Failures.failure(fault) } catch {
            throw CommandFailure.fault("the journal of run \(run.id) cannot be read: \(Failures.text(error))")
        }
        let rows = reading.report.steps.flatMap { $0.items ?? [$0] }.map(Self.row)
        for filter in filters {
            guard let first = rows.first, first[filter.field] == nil else { continue }
            throw CommandFailure.usage(
                "tasks have no \(filter.field) in the journal; filter by \(first.map(\.key).joined(separator: ", "))")
        }
        let found = rows.filter { row in filters.allSatisfy { $0.matches(row) } }
        let time = StatusAnswer.lastWrite(run) ?? TimeText.nowMilliseconds
        return StateAnswer(
            table: table, rows: Array(found.prefix(limit)), total: found.count, isLive: false, milliseconds: time,
            source: "\(TimeText.local(milliseconds: time)), told by its journal")
    }

    private static func row(_ unit: UnitReport) -> JSONObject {
        [
            "name": .string(unit.id), "state": .string(unit.status.rawValue), "attempt": .int(unit.attempts),
            "since": (unit.ended ?? unit.started).map { .int(Int(clamping: $0 / 1_000_000)) } ?? .null,
            "error": .string(unit.failure?.message ?? ""),
        ]
    }

    var json: JSON {
        var members: JSONObject = ["table": .string(table.rawValue), "rows": .array(rows.map { .object($0) }), "total": .int(total)]
        if eventsLeftOut > 0 { members["events-left-out"] = .int(eventsLeftOut) }
        members["source"] = .string(isLive ? "live" : "journal")
        members["as-of"] = .int(milliseconds)
        return .object(members)
    }
}
