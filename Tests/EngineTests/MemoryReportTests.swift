import EngineTestRemotes
import Glibc
import ObjectStore
import Rayflow
import RayflowCore
import Synchronization
import Testing

extension EngineTests {
    @Suite("Reports on memory: who keeps what", .serialized)
    struct MemoryReportTests {
        private static let large = 100_000
        private static let keeper = "EngineTestRemotes.Keeper"

        private func object<T>(_ ref: ObjectRef<T>, in report: JSON) -> JSON? {
            report["objects"]?.arrayValue?.first { $0["object"]?.stringValue == "\(ref.id)" }
        }

        private func process(_ name: JSON?, in report: JSON) -> JSON? {
            report["processes"]?.arrayValue?.first { $0["process"] == name }
        }

        @Test("an empty store is an empty report, and the driver is there with what it owns")
        func empty() async throws {
            try await withCluster { ray, embedded in
                let report = try await ray.memory()
                #expect(report["objects"] == [] && report["total"] == 0 && report["totals"]?["arena"] == 0)
                #expect(report["nodes"]?.arrayValue?.count == 1 && report["gcs"] == "answers")
                let driver = try #require(process(.string("\(embedded.core.address)"), in: report))
                #expect(driver["role"] == "driver" && driver["pid"]?.intValue == Int(getpid()) && driver["answers"] == true)
                for limit in [0, -1, 10_001] {
                    #expect(await code { _ = try await ray.memory(limit: limit) } == .invalidArgument)
                }
            }
        }

        @Test("a value that was put and one that a task has made are the driver's, with what made them and what they take up")
        func local() async throws {
            try await withCluster { ray, embedded in
                let put = try ray.put([Float](repeating: 1, count: Self.large)), made = Tasks.make.remote(2 * Self.large)
                _ = try await ray.wait([made])
                let second = put
                let report = try await ray.memory()
                #expect(report["objects"]?.arrayValue?.first?["object"]?.stringValue == "\(made.id)", "the largest is first")
                for (ref, name, kind) in [(put, "put in driver", "put"), (made, "make", "result")] {
                    let row = try #require(object(ref, in: report))
                    #expect(row["task"]?.stringValue == name && row["kind"]?.stringValue == kind && row["state"] == "sealed")
                    #expect(row["owner"]?.stringValue == "\(embedded.core.address)" && row["owner-state"] == "answers")
                    #expect(row["refs"]?["local"]?.intValue ?? 0 >= 1 && row["refs"]?["tasks"] == 0 && row["holders"] == 0)
                    #expect(row["tier"] == "hot" && row["raw"]?.intValue ?? 0 >= 4 * Self.large)
                    #expect(row["stored"] == row["arena"] && row["disk"] == 0)
                }
                withExtendedLifetime((put, second, made)) {}
            }
        }

        @Test("tasks that have not ended hold their arguments and the refs in them, and are named")
        func pendingTasks() async throws {
            try await withCluster { ray, _ in
                let scratch = Scratch()
                let ref = try ray.put([Float](repeating: 1, count: Self.large))
                let direct = Lending.fails.remote(ref, scratch.file("gate")), nested = Lending.deep.remote([ref], 0, scratch.file("gate"))
                let row = try #require(object(ref, in: try await ray.memory()))
                #expect(row["refs"]?["tasks"] == 2)
                #expect(row["needed-by"]?["lending.fails"] == 1)
                #expect(row["needed-by"]?["lending.deep"]?.intValue ?? 0 >= 1)
                try appendLine("", to: scratch.file("gate"))
                #expect(try await nested.get() == Float(Self.large))
                #expect(await code { _ = try await direct.get() } != nil)
                try await eventually { object(ref, in: try await ray.memory())?["refs"]?["tasks"] == 0 }
            }
        }

        @Test("a ref inside another value holds the object without any other ref")
        func captured() async throws {
            try await withCluster { ray, _ in
                let (id, outer) = try { () -> (ObjectID, ObjectRef<[ObjectRef<[Float]>]>) in
                    let inner = try ray.put([Float](repeating: 1, count: Self.large))
                    return (inner.id, try ray.put([inner]))
                }()
                let rows = try await ray.memory()["objects"]?.arrayValue ?? []
                let row = try #require(rows.first { $0["object"]?.stringValue == "\(id)" })
                #expect(row["refs"]?["local"] == 0 && row["refs"]?["captured"] == 1)
                #expect(row["captured-in"] == [.string("\(outer.id)")])
                withExtendedLifetime(outer) {}
            }
        }

        @Test("an actor that keeps a ref is a borrower, by its type and its process, and what it has put is named by its method")
        func borrowed() async throws {
            try await withCluster { ray, _ in
                let keeper = Keeper.start.remote()
                let ref = try ray.put([Float](repeating: 1, count: Self.large))
                _ = try await keeper.keep.remote([ref]).get()
                let kept = try await keeper.put.remote(2 * Self.large).get()
                let pid = try await keeper.pid.remote().get()
                var report = JSON.null
                // The GCS hears of calls that have ended now and then.
                let name = "put in \(Self.keeper).put", last = try #require(kept.last)
                try await eventually {
                    report = try await ray.memory()
                    return object(last, in: report)?["task"]?.stringValue == name
                }
                for ref in [ref, last] {
                    let row = try #require(object(ref, in: report))
                    #expect(row["holders"] == 1)
                    let holder = try #require(row["held-by"]?[0])
                    #expect(holder["local"]?.intValue ?? 0 >= 1)
                    let process = process(holder["process"], in: report)
                    #expect(process?["role"] == "actor" && process?["name"]?.stringValue == Self.keeper && process?["pid"]?.intValue == pid)
                }
                try await keeper.drop.remote().get()
                try await eventually { object(ref, in: try await ray.memory())?["holders"] == 0 }
            }
        }

        @Test("a value whose owner has ended is said to be one, with who still has a ref to it")
        func orphan() async throws {
            try await withCluster(cpus: 3) { ray, _ in
                let keeper = Keeper.start.remote()
                _ = await code { _ = try await Lending.orphan.options(maxRetries: 0).remote(keeper, Self.large).get() }
                var row: JSON?
                try await eventually {
                    row = try await ray.memory()["objects"]?[0]
                    return row?["owner-state"] == "ended"
                }
                #expect(row?["refs"] == .null && row?["holders"] == 1 && row?["raw"]?.intValue ?? 0 >= 4 * Self.large)
                _ = try await keeper.pid.remote().get()
            }
        }

        @Test("a process that stands still is named, and holds up the report no longer than its time")
        func silent() async throws {
            try await withCluster { ray, embedded in
                let keeper = Keeper.start.remote()
                let pid = try await keeper.pid.remote().get()
                kill(pid_t(pid), SIGSTOP)
                defer { kill(pid_t(pid), SIGCONT) }
                func answers() async throws -> Bool? {
                    let report = try await MemoryInspector(embedded.core, timeout: .milliseconds(200)).report(limit: 10, order: .raw)
                    return report["processes"]?.arrayValue?.first { $0["name"]?.stringValue == Self.keeper }?["answers"]?.boolValue
                }
                #expect(try await answers() == false)
                kill(pid_t(pid), SIGCONT)
                try await eventually { try await answers() == true }
            }
        }

        @Test("workers inside this process answer as well, and a task is told the same as the driver", arguments: [true, false])
        func fromTasks(isInside: Bool) async throws {
            try await withCluster(configure: { if isInside { $0.workers = .inProcess } }) { ray, embedded in
                let keeper = Keeper.start.remote()
                let ref = try ray.put([Float](repeating: 1, count: Self.large))
                _ = try await keeper.keep.remote([ref]).get()
                let report = try await Lending.memory.remote().get()
                let row = try #require(object(ref, in: report))
                #expect(row["owner"]?.stringValue == "\(embedded.core.address)" && row["refs"]?["local"]?.intValue ?? 0 >= 1)
                #expect(row["holders"] == 1)
                let processes = report["processes"]?.arrayValue ?? []
                #expect(processes.count == 3 && processes.allSatisfy { $0["answers"] == true })
                withExtendedLifetime(ref) {}
            }
        }

        @Test("at every moment what is in use is objects, what is written, what is deleted, and what moves: nothing is left over")
        func sums() async throws {
            try await withCluster(storeBytes: 1) { ray, embedded in
                let part = embedded.raylet.arena.geometry.dataSize / 8 / 7
                let keeper = Keeper.start.remote()
                let busy = Task {
                    // More than the store holds, half of it let go at once, all of it read.
                    var kept: [ObjectRef<[UInt64]>] = []
                    for round in 0..<24 {
                        let mixed = (0..<part).map { $0 % 3 == 0 ? UInt64($0) &* 0x9E37_79B9_7F4A_7C15 : UInt64(round) }
                        let ref = try ray.put(mixed)
                        if round % 2 == 0 { kept.append(ref) } else { _ = try await keeper.take.remote(Tasks.make.remote(part)).get() }
                        if kept.count > 6 { _ = try await kept.removeFirst().view().get().count }
                    }
                    return kept
                }
                let isOver = Mark()
                let ending = Task {
                    _ = await busy.result
                    isOver.set()
                }
                var reports = 0
                while !isOver.isSet {
                    _ = try await balanced(ray)
                    reports += 1
                }
                await ending.value
                let kept = try await busy.value
                #expect(reports > 1)
                #expect(try await balanced(ray).count > 1, "some lie in memory, others do not")
                withExtendedLifetime(kept) {}
            }
        }

        /// - Returns: the tiers of all objects.
        private func balanced(_ ray: Cluster) async throws -> Set<String> {
            let report = try await ray.memory(limit: 10_000), totals = report["totals"]
            #expect(totals?["arena-unexplained"] == 0 && totals?["disk-unexplained"] == 0)
            func sum(_ keys: String...) -> Int { keys.reduce(0) { $0 + (totals?[$1]?.intValue ?? 0) } }
            let objects = report["objects"]?.arrayValue ?? []
            func rows(_ key: String) -> Int { objects.reduce(0) { $0 + ($1[key]?.intValue ?? 0) } }
            #expect(rows("arena") == sum("in-objects", "in-writing", "in-deleted"))
            #expect(rows("arena") + sum("retired", "in-moves") == sum("arena"))
            #expect(rows("disk") == sum("disk-in-objects") && rows("disk") + sum("disk-in-moves", "disk-in-deleted") == sum("disk"))
            return Set(objects.compactMap { $0["tier"]?.stringValue })
        }
    }
}

/// Set once.
private final class Mark: Sendable {
    private let value = Atomic<Bool>(false)
    var isSet: Bool { value.load(ordering: .acquiring) }
    func set() { value.store(true, ordering: .releasing) }
}
