import RayflowCore
import Testing

@testable import GCS

@Suite("Questions about the tables") struct QueryTests {
    private func rows<Row: TableRow>(_ result: GCSResult?, _: Row.Type = Row.self) throws -> [Row] {
        guard case .rows(let rows, _)? = result else { throw Failed(result: result) }
        return try rows.map { try Row(decoding: $0.row ?? []) }
    }
    private struct Failed: Error { var result: GCSResult? }

    @Test("rows come in the order of their keys, filtered by the text of their fields, and cut with the total told") func filters() throws {
        var bench = GCSBench(nodes: [1, 2, 3])
        bench.step { $0.nodeDied(NodeID(2), now: $1, into: &$2) }
        let alive = RowFilter(field: "state", value: "alive")
        #expect(try rows(bench.ask(.rows(.node, filters: [alive], limit: 9)), NodeInfo.self).map(\.node) == [NodeID(1), NodeID(3)])
        guard case .rows(let first, total: 3)? = bench.ask(.rows(.node, filters: [], limit: 1)) else { return #expect(Bool(false)) }
        #expect(first.count == 1)
        #expect(try rows(bench.ask(.rows(.node, filters: [RowFilter(field: "colour", value: "red")], limit: 9)), NodeInfo.self).isEmpty)
    }

    @Test("an actor is found by its id, by an alias and by its fields") func actors() throws {
        var bench = GCSBench()
        let actor = bench.register(1, name: "a", getIfExists: true)
        let alias = bench.register(2, name: "a", getIfExists: true)
        let (_, worker) = try bench.bringToLife()
        for id in [actor, alias] {
            let found = try rows(bench.ask(.row(.actor, key: RowKey.actor(id))), ActorRow.self)
            #expect(found.map(\.actor) == [actor] && found.first?.worker == worker && found.first?.state == .alive)
        }
        #expect(try rows(bench.ask(.rows(.actor, filters: [RowFilter(field: "name", value: "a")], limit: 9)), ActorRow.self).count == 1)
        #expect(try rows(bench.ask(.rows(.actor, filters: [RowFilter(field: "incarnation", value: "2")], limit: 9)), ActorRow.self).isEmpty)
        #expect(try rows(bench.ask(.row(.actor, key: [1])), ActorRow.self).isEmpty)
    }

    @Test("every row is read as it was written") func coding() throws {
        var bench = GCSBench()
        let actor = bench.register(1, name: "a")
        let granted = try bench.bringToLife()
        bench.lose(granted.lease, granted.worker)
        let row = try rows(bench.ask(.row(.actor, key: RowKey.actor(actor))), ActorRow.self)
        #expect(try row.map { try ActorRow(decoding: $0.encoded) } == row)
        let workers = try rows(bench.ask(.rows(.worker, filters: [], limit: 9)), WorkerRow.self)
        #expect(workers.map(\.worker) == [granted.worker])
        bench.step { $0.jobStarted(GCSBench.job, driver: GCSBench.driver, now: $1, into: &$2) }
        #expect(try rows(bench.ask(.rows(.job, filters: [], limit: 9)), JobRow.self).map(\.driver) == [GCSBench.driver])
        bench.ask(.putKey(namespace: "n", key: "k", value: [1, 2], overwrite: true))
        let keys = try rows(bench.ask(.rows(.keyValue, filters: [], limit: 9)), KeyRow.self)
        #expect(keys.map(\.name) == ["k"] && keys.map(\.byteCount) == [2])
    }

    @Test("functions are known by name; the newest registration stands, and outlives the GCS") func functions() throws {
        var bench = GCSBench(isStored: true)
        let digest = Digest128(high: 1, low: 2)
        func function(_ version: UInt32) -> KeyedRow {
            let row = FunctionRow(name: "add(x:y:)", version: version, signature: digest, program: digest)
            return KeyedRow(key: row.key, row: row.encoded)
        }
        #expect(bench.ask(.addFunctions([function(1)])) == .done(true))
        #expect(bench.ask(.addFunctions([function(2)])) == .done(true))
        bench.restartGCS()
        #expect(try rows(bench.ask(.rows(.function, filters: [], limit: 9)), FunctionRow.self).map(\.version) == [2])
        guard case .failed? = bench.ask(.addFunctions([KeyedRow(key: [1], row: [2])])) else { return #expect(Bool(false)) }
    }

    @Test("attempts of tasks show their states in order; the oldest are forgotten, and what was lost is counted") func tasks() throws {
        var bench = GCSBench(remembered: 3)
        func event(_ number: UInt64, _ state: TaskEvent.State, attempt: UInt32 = 1, message: String = "") -> TaskEvent {
            TaskEvent(
                task: TaskID(unique: number, actor: .none(in: GCSBench.job)), attempt: Attempt(epoch: 1, number: attempt), state: state,
                wallNS: number, name: "f", message: message)
        }
        let first = [event(1, .queued), event(1, .running), event(1, .retrying, message: "no"), event(1, .running, attempt: 2)]
        bench.receive(.taskEvents(TaskEvents(events: first, dropped: 4)), from: GCSBench.driver)
        bench.receive(.taskEvents(TaskEvents(events: first, dropped: 0)), from: GCSBench.driver)
        let found = try rows(bench.ask(.rows(.task, filters: [], limit: 9)), TaskRow.self)
        #expect(found.map { $0.states.map(\.state) } == [[.queued, .running, .retrying], [.running]])
        #expect(found.first?.message == "no")
        #expect(bench.gcs.tasks.dropped == 4)
        for number in UInt64(2)...4 {
            bench.receive(.taskEvents(TaskEvents(events: [event(number, .finished)], dropped: 0)), from: GCSBench.driver)
        }
        #expect(bench.gcs.tasks.count == 3)
        #expect(bench.gcs.tasks.dropped == 6)
        #expect(try rows(bench.ask(.rows(.task, filters: [RowFilter(field: "state", value: "running")], limit: 9)), TaskRow.self).isEmpty)
    }

    @Test("the GCS's own tables are not shown") func internals() {
        var bench = GCSBench()
        for table in [GCSTable.actorSpec, .meta] {
            guard case .failed(let error)? = bench.ask(.rows(table, filters: [], limit: 1)) else { return #expect(Bool(false)) }
            #expect(error.code == .unsupported)
        }
    }
}
