import Rayflow
import RayflowTestKit
import Synchronization
import Testing

@Suite("Reports on the memory of several nodes", .serialized, .timeLimit(.minutes(5)))
struct MemoryReportTests {
    private static let bytes = 40_000_000

    private func rows(_ report: JSON, _ list: String = "objects") -> [JSON] { report[list]?.arrayValue ?? [] }

    private func withTwo(
        storeBytes: Int = TestKitLimits.storeBytes, _ body: (TestCluster, Cluster) async throws -> Void
    ) async throws {
        let cluster = try await TestCluster(
            nodes: [["CPU": 4, "n0": 100], ["CPU": 4, "n1": 100]], Registry(Remote.makeNoise, Remote.sum, Bulk.isEqual),
            storeBytes: storeBytes)
        do { try await cluster.cluster.run { try await body(cluster, cluster.cluster) } } catch {
            await cluster.shutDown()
            throw error
        }
        await cluster.shutDown()
    }

    @Test("each copy is a row of its node, and the sums are those of all nodes")
    func copies() async throws {
        try await withTwo { cluster, ray in
            let ref = Remote.makeNoise.options(resources: ["n1": 1]).remote(Self.bytes / 8, 3)
            _ = try await ref.get()
            let report = try await ray.memory()
            let copies = rows(report).map { "\($0["copy"]?.stringValue ?? "") on \($0["node"]?.stringValue ?? "")" }
            #expect(Set(copies) == ["primary on \(cluster.node(1))", "secondary on \(cluster.node(0))"] && copies.count == 2)
            for row in rows(report) {
                #expect(row["task"] == "makeNoise" && row["owner-state"] == "answers" && row["refs"]?["local"] == 1)
            }
            let totals = report["totals"]
            #expect(rows(report).reduce(0) { $0 + ($1["arena"]?.intValue ?? 0) } == totals?["arena"]?.intValue)
            #expect(totals?["arena-unexplained"] == 0 && totals?["disk-unexplained"] == 0)
            #expect(rows(report, "nodes").count == 2 && rows(report, "nodes").allSatisfy { $0["answers"] == true && $0["total"] == 1 })
            withExtendedLifetime(ref) {}
        }
    }

    @Test("what comes to a node is shown with why it is wanted, from where, and how far it is; what goes likewise")
    func transfers() async throws {
        try await withTwo { cluster, ray in
            let ref = try ray.put(Bulk.values(Self.bytes, seed: 1)), chunks = Bulk.chunks(Self.bytes)
            try cluster.setSending(false, of: 0)
            let isEqual = Bulk.isEqual.options(resources: ["n1": 1]).remote([ref], Self.bytes, 1)
            var report = JSON.null
            try await eventually {
                report = try await ray.memory()
                return !rows(report, "sent").isEmpty && rows(report, "wanted").first?["state"] == "coming"
            }
            let wanted = rows(report, "wanted"), sent = rows(report, "sent")
            #expect(wanted.count == 1 && wanted[0]["object"]?.stringValue == "\(ref.id)" && wanted[0]["kind"] == "get")
            #expect(wanted[0]["node"]?.stringValue == "\(cluster.node(1))" && wanted[0]["from"]?.stringValue == "\(cluster.node(0))")
            #expect(wanted[0]["chunks"] == 0 && wanted[0]["of-chunks"]?.intValue == chunks)
            #expect(sent.count == 1 && sent[0]["node"]?.stringValue == "\(cluster.node(0))")
            #expect(sent[0]["to"]?.stringValue == "\(cluster.node(1))" && sent[0]["of-chunks"]?.intValue == chunks)
            // The room for it is there, and is not yet a copy.
            let arriving = rows(report).first { $0["node"]?.stringValue == "\(cluster.node(1))" }
            #expect(arriving?["state"] == "writing" && arriving?["writer"] == "raylet" && arriving?["copy"] == "secondary")
            #expect(report["totals"]?["arena-unexplained"] == 0)
            try cluster.setSending(true, of: 0)
            #expect(try await isEqual.get())
            try await eventually {
                let report = try await ray.memory()
                return rows(report, "sent").isEmpty && rows(report, "wanted").isEmpty
            }
            withExtendedLifetime(ref) {}
        }
    }

    @Test("while objects are spilled, copied to another node and deleted, the sums of both nodes have nothing left over")
    func sums() async throws {
        try await withTwo(storeBytes: 64 << 20) { cluster, ray in
            let rounds = 12, bytes = Self.bytes / 4
            let busy = Task {
                var sums = 0
                for round in 0..<rounds {
                    let refs = try (0..<4).map { try ray.put(Bulk.values(bytes, seed: UInt64(4 * round + $0))) }
                    let there = refs.map { Remote.sum.options(resources: ["n1": 1]).remote($0.view()) }
                    sums += try await ray.get(there).count
                }
                return sums
            }
            let isOver = Flag()
            var answered = 0
            let ending = Task {
                _ = await busy.result
                isOver.set()
            }
            while !isOver.isSet {
                let report = try await ray.memory(limit: 10_000)
                for node in rows(report, "nodes") {
                    // A busy node may be late.
                    guard let totals = node["totals"] else { continue }
                    answered += 1
                    #expect(totals["arena-unexplained"] == 0 && totals["disk-unexplained"] == 0, "\(totals)")
                    func sum(_ keys: String...) -> Int { keys.reduce(0) { $0 + (totals[$1]?.intValue ?? 0) } }
                    let own = rows(report).filter { $0["node"] == node["node"] }
                    let arena = own.reduce(0) { $0 + ($1["arena"]?.intValue ?? 0) },
                        disk = own.reduce(0) { $0 + ($1["disk"]?.intValue ?? 0) }
                    #expect(arena + sum("retired", "in-moves") == sum("arena"))
                    #expect(disk + sum("disk-in-moves", "disk-in-deleted") == sum("disk"))
                }
            }
            await ending.value
            #expect(try await busy.value == 4 * rounds)
            #expect(answered > 0)
        }
    }

    @Test("a node that cannot be reached is named, one that has died is not there any more, and without the GCS the own node remains")
    func absences() async throws {
        try await withTwo { cluster, ray in
            let ref = try ray.put(Bulk.values(Self.bytes, seed: 1))
            cluster.partition(0, 1)
            func answers(_ report: JSON) -> [Bool] { rows(report, "nodes").compactMap { $0["answers"]?.boolValue } }
            // A busy node may be late as well.
            try await eventually {
                let parted = try await ray.memory()
                return answers(parted).sorted { $0 && !$1 } == [true, false] && rows(parted).count == 1
            }
            cluster.heal(0, 1)
            cluster.kill(1)
            try await eventually { answers(try await ray.memory()) == [true] }
            try cluster.stopGCS()
            try await eventually {
                let alone = try await ray.memory()
                return alone["gcs"] == "silent" && answers(alone) == [true] && rows(alone).first?["refs"]?["local"] == 1
            }
            withExtendedLifetime(ref) {}
        }
    }

    @Test("another driver's values are its own")
    func drivers() async throws {
        try await withTwo { cluster, ray in
            let second = try await cluster.connect()
            let own = try ray.put(Bulk.values(Self.bytes, seed: 1)), others = try second.put(Bulk.values(Self.bytes / 2, seed: 2))
            let report = try await ray.memory()
            #expect(rows(report, "processes").count { $0["role"] == "driver" && $0["answers"] == true } == 2)
            let owners = rows(report).compactMap { $0["owner"]?.stringValue }
            #expect(owners.count == 2 && Set(owners).count == 2)
            withExtendedLifetime((own, others)) {}
            await second.shutDown()
        }
    }
}

/// Set once.
private final class Flag: Sendable {
    private let value = Atomic<Bool>(false)
    var isSet: Bool { value.load(ordering: .acquiring) }
    func set() { value.store(true, ordering: .releasing) }
}
