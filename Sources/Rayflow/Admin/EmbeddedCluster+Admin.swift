import RayflowCore
import Transport

extension EmbeddedCluster {
    /// Serves the command line on the session's control socket.
    ///
    /// - Parameter verbs: answers what this process knows besides; nil for a verb that it does not know.
    package func serveAdmin(_ verbs: @escaping @Sendable (_ verb: String) throws -> String? = { _ in nil }) throws {
        try AdminServer.start(on: network, session: session) { [weak self] verb, argument in
            guard let self else { throw RayflowError(.shutDown, "the run has ended") }
            if let answer = try verbs(verb) { return answer }
            switch verb {
            case "state": return try state(argument)
            case "memory": return try memory(argument)
            default: throw RayflowError(.invalidArgument, "unknown verb \(verb)")
            }
        }
    }

    /// - Parameter question: `{"table": …, "filters": {…}, "limit": …}`
    private func state(_ question: String) throws -> String {
        let question = try JSON.parse(question)
        let name = question["table"]?.stringValue ?? ""
        guard let table = StateAccessor.Table(rawValue: name) else {
            let names = StateAccessor.Table.allCases.map(\.rawValue).joined(separator: ", ")
            throw RayflowError(.invalidArgument, "there is no table \(name); there are: \(names)")
        }
        let filters = (question["filters"]?.objectValue ?? [:]).map { RowFilter(field: $0.key, value: $0.value.stringValue ?? "") }
        let limit = question["limit"]?.intValue ?? 1_000
        let answer = OneShot<Result<StateAccessor.Listing, RayflowError>>()
        Task { [core, raylet] in
            do throws(RayflowError) {
                answer.give(.success(try await StateAccessor(core: core, raylet: raylet).list(table, filters: filters, limit: limit)))
            } catch { answer.give(.failure(error)) }
        }
        let listing = try answer.take().get()
        var reply: JSONObject = [
            "table": .string(name), "rows": .array(listing.rows.map { .object($0) }), "total": .int(listing.total),
        ]
        let leftOut = table == .tasks ? droppedTaskEvents : 0
        if leftOut > 0 { reply["events-left-out"] = .int(Int(clamping: leftOut)) }
        return JSON.object(reply).compact
    }

    /// - Parameter question: `{"limit": …, "order": …}`
    private func memory(_ question: String) throws -> String {
        let question = try JSON.parse(question)
        let name = question["order"]?.stringValue ?? MemoryOrder.raw.name
        guard let order = MemoryOrder(name: name) else {
            let names = MemoryOrder.allCases.map(\.name).joined(separator: ", ")
            throw RayflowError(.invalidArgument, "there is no order \(name); there are: \(names)")
        }
        let limit = question["limit"]?.intValue ?? 1_000
        let answer = OneShot<Result<JSON, RayflowError>>()
        Task { [core] in
            do throws(RayflowError) { answer.give(.success(try await core.memory(limit: limit, order: order))) } catch {
                answer.give(.failure(error))
            }
        }
        return try answer.take().get().compact
    }
}
