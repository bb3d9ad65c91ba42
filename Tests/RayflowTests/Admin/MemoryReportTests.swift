import Rayflow
import RayflowCore
import Testing

@Suite("A report on memory, put together from what nodes and processes say")
struct MemoryReportTests {
    private static let made = ObjectID(task: TaskID(unique: 7, actor: .none(in: JobID(1))), index: 1)
    private static let put = ObjectID(task: TaskID(unique: 8, actor: .none(in: JobID(1))), index: ObjectID.firstPut)
    private static let called = ObjectID(task: TaskID(unique: 9, actor: ActorID(unique: 5, salt: 1, job: JobID(1))), index: 1)
    private static let driver = "process-00000000000000d1@0000000000000001", worker = "process-00000000000000e1@0000000000000001"

    private func row(_ id: ObjectID, raw: Int, stored: Int, age: Int = 0) -> JSON {
        [
            "object": .string("\(id)"), "tier": "hot", "state": "sealed", "raw": .int(raw), "arena": .int(stored), "disk": 0,
            "stored": .int(stored), "age": .int(age),
        ]
    }

    private func node(_ rows: [JSON], named name: String = "0000000000000001", total: Int? = nil, leftOut: JSON = [:]) -> MemoryReport.Node
    {
        MemoryReport.Node(
            node: name,
            answer: [
                "objects": .array(rows), "total": .int(total ?? rows.count), "left-out": leftOut, "totals": ["arena": 10, "disk": 1],
                "wanted": [], "sent": [],
            ])
    }

    private func answer(_ holdings: [JSON] = [], makers: JSON = [:], root: TaskID? = nil) -> JSON {
        ["pid": 42, "root": root.map { .string("\($0)") } ?? .null, "objects": .array(holdings), "makers": makers, "small-objects": 3]
    }

    private func holding(_ id: ObjectID, owner: String, _ counts: JSONObject) -> JSON {
        var members: JSONObject = ["object": .string("\(id)"), "owner": .string(owner)]
        for (key, value) in counts { members[key] = value }
        return .object(members)
    }

    private func processes(_ report: inout MemoryReport, driver: JSON?, worker: JSON?) {
        report.processes = [
            .init(process: Self.driver, role: .driver, node: "1", answer: driver),
            .init(process: Self.worker, role: .actor, name: "Keeper", node: "1", pid: 43, answer: worker),
        ]
    }

    @Test("the owner's counts, other holders, names of tasks and what captures it come together in one row")
    func merged() throws {
        var report = MemoryReport([node([row(Self.made, raw: 100, stored: 50)])], order: .raw, limit: 10)
        #expect(report.objects == [Self.made])
        processes(
            &report,
            driver: answer(
                [
                    holding(
                        Self.made, owner: Self.driver,
                        ["local": 2, "tasks": 1, "borrowers": 1, "needed-by": ["sum": 1], "captured": 1, "captured-in": ["x"]])
                ], makers: ["\(Self.made.task)": "make"]),
            worker: answer([holding(Self.made, owner: Self.driver, ["local": 1, "tasks": 2, "needed-by": ["sum": 1, "mean": 1]])]))
        let object = try #require(report.json["objects"]?[0])
        #expect(object["task"] == "make" && object["kind"] == "result" && object["ratio"] == 2)
        #expect(object["owner"]?.stringValue == Self.driver && object["owner-state"] == "answers")
        #expect(object["refs"]?["local"] == 2 && object["refs"]?["tasks"] == 1 && object["refs"]?["waiting"] == 0)
        #expect(object["holders"] == 1 && object["held-by"]?[0]?["process"]?.stringValue == Self.worker)
        #expect(object["held-by"]?[0]?["local"] == 1 && object["borrowed-by"] == [.string(Self.worker)])
        #expect(object["needed-by"] == ["sum": 2, "mean": 1] && object["captured-in"] == ["x"])
        #expect(report.json["processes"]?[0]?["small-objects"] == 3 && report.json["processes"]?[0]?["pid"] == 42)
    }

    @Test("puts are named by who has put them, calls of which nobody knows the method by their actor's type")
    func makers() {
        let ids = [Self.made, Self.put, Self.called]
        var report = MemoryReport([node(ids.map { row($0, raw: 1, stored: 1) })], order: .raw, limit: 10)
        processes(&report, driver: answer(root: Self.put.task), worker: answer())
        report.actorTypes = ["\(Self.called.task.actor)": "Keeper"]
        #expect(report.unnamedTasks == ["\(Self.made.task)", "\(Self.called.task)"])
        #expect(names(report) == ["task 00000000", "put in driver", "a call of Keeper"])
        report.taskNames = ["\(Self.made.task)": "make", "\(Self.called.task)": "Keeper.make"]
        #expect(names(report) == ["make", "put in driver", "Keeper.make"])
    }

    private func names(_ report: MemoryReport) -> [String] {
        report.json["objects"]?.arrayValue?.compactMap { $0["task"]?.stringValue } ?? []
    }

    @Test("an owner that does not answer, has ended, or has just let go is told apart, and so is what nobody knows")
    func owners() {
        func state(driver: JSON?, worker: JSON?) -> String? {
            var report = MemoryReport([node([row(Self.made, raw: 1, stored: 1)])], order: .raw, limit: 10)
            processes(&report, driver: driver, worker: worker)
            return report.json["objects"]?[0]?["owner-state"]?.stringValue
        }
        let borrowed = answer([holding(Self.made, owner: Self.driver, ["local": 1])])
        #expect(state(driver: nil, worker: borrowed) == "silent")
        #expect(state(driver: answer(), worker: borrowed) == "let-go")
        let gone = answer([holding(Self.made, owner: "process-ff@1", ["local": 1])])
        #expect(state(driver: answer(), worker: gone) == "ended")
        #expect(state(driver: nil, worker: gone) == "unknown")
        #expect(state(driver: answer(), worker: answer()) == "none")
        #expect(state(driver: nil, worker: answer()) == "unknown")
    }

    @Test("a borrower that does not answer is known from the owner")
    func silentBorrower() {
        var report = MemoryReport([node([row(Self.made, raw: 1, stored: 1)])], order: .raw, limit: 10)
        let marks: JSONObject = ["local": 1, "borrowers": 1, "borrowed-by": [.string(Self.worker)]]
        processes(&report, driver: answer([holding(Self.made, owner: Self.driver, marks)]), worker: nil)
        let object = report.json["objects"]?[0]
        #expect(object?["holders"] == 0 && object?["borrowed-by"] == [.string(Self.worker)] && object?["owner-state"] == "answers")
    }

    @Test(
        "rows of all nodes stand in one order, what is left out is summed, and nodes that do not answer are named",
        arguments: MemoryOrder.allCases)
    func nodes(order: MemoryOrder) {
        let nodes = [
            node(
                [row(Self.made, raw: 3, stored: 1, age: 1)], named: "1", total: 4, leftOut: ["objects": 3, "raw": 5, "arena": 6, "disk": 7]),
            node([row(Self.put, raw: 2, stored: 9, age: 2)], named: "2"), MemoryReport.Node(node: "3", answer: nil),
        ]
        let json = MemoryReport(nodes, order: order, limit: 1).json
        let first = json["objects"]?[0]?["object"]?.stringValue
        #expect(first == "\(order == .raw || order == .idle ? Self.made : Self.put)" && json["objects"]?.arrayValue?.count == 1)
        #expect(json["total"] == 5 && json["left-out"]?["objects"] == 4 && json["totals"]?["arena"] == 20)
        #expect(json["nodes"]?[2]?["answers"] == false && json["nodes"]?[0]?["answers"] == true)
    }

    @Test("nobody and nothing makes an empty report")
    func empty() {
        let report = MemoryReport([], order: .raw, limit: 10)
        #expect(report.objects.isEmpty && report.json["objects"] == [] && report.json["total"] == 0 && report.json["wanted"] == [])
    }

    @Test("identities are read as they are shown, and nothing else is")
    func identities() {
        for id in [Self.made, Self.put, Self.called] { #expect(ObjectID("\(id)") == id) }
        for text in ["", "x", "\(Self.made)0", String("\(Self.made)".dropLast()), "\(Self.made)".replacing("0", with: "g")] {
            #expect(ObjectID(text) == nil)
        }
        #expect(Address(Self.driver) == Address(node: 1, entity: 0xd1))
        for text in ["gcs", "raylet-1", "process-1", "process-x@1", "process-1@", "process-1@1@1"] { #expect(Address(text) == nil) }
    }
}
