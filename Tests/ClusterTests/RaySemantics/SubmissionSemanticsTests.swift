import Rayflow
import RayflowTestKit
import Testing

/// Behaviours of Ray that concern submissions and the stores of several nodes, by their numbers in the reference.
@Suite("Ray's semantics: submissions", .serialized)
struct SubmissionSemanticsTests {
    private func withCluster(
        _ nodes: [[String: Double]], storeBytes: Int = TestKitLimits.storeBytes, objectStore: ObjectStoreOptions = ObjectStoreOptions(),
        _ body: (TestCluster, Cluster) async throws -> Void
    ) async throws {
        let cluster = try await TestCluster(nodes: nodes, remotes, storeBytes: storeBytes, objectStore: objectStore)
        try await run(cluster) { try await body($0, $0.cluster) }
    }

    @Test("6: a chain of 100 tasks ends on one CPU, and on two nodes of one CPU each", arguments: [1, 2])
    func chain(nodes: Int) async throws {
        try await withCluster(Array(repeating: ["CPU": 1], count: nodes)) { _, _ in
            let one: UInt64 = 1
            var last = Remote.add.remote(one, UInt64(0))
            for _ in 1..<100 { last = Remote.add.remote(last, one) }
            let end = try await last.get()
            #expect(end == 100)
        }
    }

    @Test("9: a call by name with too few, too many or wrong arguments fails when it is submitted, and nothing runs")
    func arity() async throws {
        try await withCluster([["CPU": 1]]) { _, ray in
            for (values, told) in [
                (["a": .json(1)], "with.b is missing"), (["a": .json(1), "b": .json(2), "c": .json(3)], "with.c is no parameter"),
                (["a": .json(1), "b": .json("two")], "with.b"),
            ] as [([String: NamedValue], String)] {
                let failure = #expect(throws: RayflowError.self) { try ray.call("add", with: values) }
                #expect(failure?.message.contains(told) == true, "\(failure?.message ?? "")")
            }
            let unknown = #expect(throws: RayflowError.self) { try ray.call("subtract", with: [:]) }
            #expect(unknown?.code == .notRegistered)
            let actor = #expect(throws: RayflowError.self) { try ray.createActor("ClusterTests.Ledger", with: ["lines": .json(1)]) }
            #expect(actor?.message.contains("with.lines is no parameter") == true, "\(actor?.message ?? "")")
            let right = try ray.call("add", with: ["a": .json(1), "b": .json(2)])
            #expect(try await ray.json(of: right[0].ref) == 3)
        }
    }

    @Test(
        "10: a function declared again under the same name is another one: registered beside the first it is refused, and alone it never runs the first"
    )
    func redefined() async throws {
        let again = RemoteFunction("square(x:)") { (x: Int) in x * x * x }
        let both = Registry(Remote.square, again)
        #expect(both.problems == ["square is registered twice"])
        let refused = await #expect(throws: RayflowError.self) { try await TestCluster(nodes: [["CPU": 1]], both) }
        #expect(refused?.code == .invalidRegistry)
        try await withCluster([["CPU": 1]]) { _, _ in
            let failure = await #expect(throws: RayflowError.self) { try await again.remote(3).get() }
            #expect(failure?.code == .notRegistered)
            #expect(failure?.message.contains("another function of that name") == true, "\(failure?.message ?? "")")
            let square = try await Remote.square.remote(3).get()
            #expect(square == 9)
        }
    }

    @Test("59: a task whose argument finds no room in the store at home runs on another node, though CPUs are free at home")
    func noRoom() async throws {
        let nodes: [[String: Double]] = [["CPU": 2], ["CPU": 2], ["CPU": 0, "special": 100]]
        try await withCluster(nodes, storeBytes: 32 << 20, objectStore: ObjectStoreOptions(roomWait: .zero)) { cluster, ray in
            // Read at home, so it can be neither packed nor spilled.
            let held = try await ray.put(noise(2_500_000, seed: 1)).view().get()
            let there = Remote.makeNoise.options(cpus: 0, resources: special).remote(2_000_000, 2)
            _ = try await ray.wait([there])
            #expect(try await Remote.whereWith.remote(there.view()).get() == "\(cluster.node(1))")
            #expect(held.count == 2_500_000)
        }
    }

    @Test(
        "59: when 20 tasks that share leases have read an argument and its refs are gone, no store holds anything", .timeLimit(.minutes(1)))
    func nothingStays() async throws {
        try await withCluster([["CPU": 2], ["CPU": 2], ["CPU": 0, "special": 100]]) { cluster, ray in
            do {
                let there = Remote.makePattern.options(cpus: 0, resources: special).remote(500_000, 1)
                let sums = (0..<20).map { _ in Remote.sum.remote(there.view()) }
                #expect(Set(try await ray.get(sums)).count == 1)
            }
            try await storesAreEmpty(cluster)
        }
    }
}
