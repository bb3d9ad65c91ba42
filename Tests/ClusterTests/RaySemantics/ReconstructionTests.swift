import Rayflow
import RayflowTestKit
import Testing

@Suite("Ray's semantics: lost objects are made again")
struct ReconstructionTests {
    /// Node 0 is the driver's and has `home`; all others have `special`.
    private func withNodes(
        _ count: Int, lineageBytes: Int? = nil, _ body: (TestCluster) async throws -> Void
    ) async throws {
        let special = Array(repeating: ["CPU": 2, "special": 100.0], count: count - 1)
        let cluster = try await TestCluster(
            nodes: [["CPU": 2, "home": 100]] + special, remotes, storeBytes: 64 << 20, lineageBytes: lineageBytes)
        try await run(cluster, body)
    }

    private let home = ["home": 1.0]

    private func kill(_ node: NodeID?, of cluster: TestCluster) throws {
        let index = try #require((0..<cluster.count).first { cluster.node($0) == node })
        cluster.kill(index)
    }

    private func error<T>(_ ref: ObjectRef<T>) async -> RayflowError? {
        if case .failure(let error) = await ref.outcome() { error } else { nil }
    }

    @Test("39: a large result on a killed node only is rebuilt once for all its dependents; the second loss is beyond its retries")
    func basic() async throws {
        try await withNodes(3) { cluster in
            let key = Runs.make()
            let ref = Rebuilt.make.options(resources: special, maxRetries: 1).remote(key, 40)
            _ = try await cluster.cluster.wait([ref])
            try kill(Runs.nodes(key).first, of: cluster)
            let dependents = (0..<6).map { _ in Rebuilt.first.options(resources: special).remote(ref.view()) }
            for value in try await cluster.cluster.get(dependents) { #expect(value == 40) }
            #expect(Runs.nodes(key).count == 2)
            try kill(Runs.nodes(key).last, of: cluster)
            let failure = await error(ref)
            #expect(failure?.code == .objectLost && failure?.reason == .maxAttempts)
            #expect(Runs.nodes(key).count == 2)
        }
    }

    @Test(
        "41: a copy that survives is as good as the lost one, whatever became of what it was made from; a put without a copy is lost as PUT"
    )
    func puts() async throws {
        try await withNodes(2) { cluster in
            let ray = cluster.cluster
            let key = Runs.make()
            func made() async throws -> ObjectRef<[UInt64]> {
                let put = try ray.put(pattern(Rebuilt.count, seed: 7))
                let result = Rebuilt.next.options(resources: special, maxRetries: 0).remote(key, put.view())
                #expect(try await result.get().first == 8)
                return result
            }
            let result = try await made()
            let lost = try await Rebuilt.put.options(resources: special).remote(9).get()
            cluster.kill(1)
            let churn = pattern(262_144, seed: 0)
            for _ in 0..<100 { _ = try ray.put(churn) }
            #expect(try await result.get().first == 8)
            #expect(Runs.nodes(key).count == 1)
            let failure = await error(try #require(lost.first))
            #expect(failure?.code == .objectLost && failure?.reason == .put)
        }
    }

    @Test("42: an actor's large result is rebuilt each time that its node dies, and the handle stays usable; without retries it is lost")
    func actors() async throws {
        let deaths = 10
        try await withNodes(deaths + 3) { cluster in
            let key = Runs.make()
            let maker = Rebuilder.plain.options(resources: special, maxRestarts: -1, maxTaskRetries: -1).remote()
            let ref = maker.make.remote(key, 3)
            _ = try await cluster.cluster.wait([ref])
            for death in 1...deaths {
                // Those who have read it have copies, which would do.
                let last = Runs.nodes(key).last
                for index in 0..<cluster.count where cluster.node(index) != last { try cluster.loseCopy(of: ref, on: index) }
                try kill(last, of: cluster)
                #expect(try await Rebuilt.first.options(resources: special).remote(ref.view()).get() == 3)
                #expect(Runs.nodes(key).count > death)
                #expect(try await maker.value.remote().get() == 0)
            }
            let once = Runs.make()
            let careful = Rebuilder.plain.options(resources: special, maxRestarts: -1).remote()
            let lost = careful.make.remote(once, 4)
            _ = try await cluster.cluster.wait([lost])
            try kill(Runs.nodes(once).last, of: cluster)
            let failure = await error(lost)
            #expect(failure?.code == .objectLost && failure?.reason == .retriesDisabled)
        }
    }

    @Test(
        "43: an actor whose constructor needs a lost object that nobody can make again is dead, and its error names the argument and the loss"
    )
    func constructors() async throws {
        try await withNodes(3) { cluster in
            let key = Runs.make()
            let again = Rebuilt.make.options(resources: special).remote(key, 6)
            let lost = Rebuilt.make.options(resources: special, maxRetries: 0).remote(key, 6)
            _ = try await cluster.cluster.wait([again, lost], count: 2)
            for index in 1...2 { try cluster.loseCopy(of: again, on: index) }
            for index in 1...2 { try cluster.loseCopy(of: lost, on: index) }
            let living = Rebuilder.open.options(resources: home).remote(again.view())
            #expect(try await living.value.remote().get() == 6)
            let dead = Rebuilder.open.options(resources: home).remote(lost.view())
            let failure = await error(dead.value.remote())
            #expect(failure?.code == .actorDied)
            #expect(failure?.message.contains("argument 1") == true && failure?.message.contains("lost") == true)
        }
    }

    @Test("45: a rebuild that takes long is made once, however many wait for it, and all of them have it")
    func noStorm() async throws {
        try await withNodes(3) { cluster in
            let key = Runs.make(), begun = Places.make(2), end = Places.make(2)
            let ref = Rebuilt.slow.options(resources: special).remote(key, begun, end)
            _ = try await cluster.cluster.wait([ref])
            try kill(Runs.nodes(key).first, of: cluster)
            let dependents = (0..<8).map { _ in Rebuilt.first.remote(ref.view()) }
            async let first = ref.get()
            await Places.meet(begun)
            async let second = ref.get()
            let more = (0..<8).map { _ in Rebuilt.first.remote(ref.view()) }
            // Nobody has it before its time: what does not need it passes.
            #expect(try await Remote.square.options(resources: home).remote(3).get() == 9)
            await Places.meet(end)
            let both = try await (first[0], second[0])
            #expect(both == (5, 5))
            for value in try await cluster.cluster.get(dependents + more) { #expect(value == 5) }
            #expect(Runs.nodes(key).count == 2)
        }
    }

    @Test("46: with room for 10,000 bytes of lineage a chain of 5 tasks recovers, one of 100 is lost as LINEAGE_EVICTED")
    func evicted() async throws {
        try await withNodes(4, lineageBytes: 10_000) { cluster in
            func chain(_ length: Int, _ key: Int) async throws -> ObjectRef<[UInt64]> {
                var last = Rebuilt.make.options(resources: special).remote(key, 0)
                for _ in 1..<length { last = Rebuilt.next.options(resources: special).remote(key, last.view()) }
                _ = try await cluster.cluster.wait([last])
                return last
            }
            let short = Runs.make(), long = Runs.make()
            let last = try await chain(5, short)
            try kill(Runs.nodes(short).last, of: cluster)
            #expect(try await Rebuilt.first.options(resources: special).remote(last.view()).get() == 4)
            #expect(Runs.nodes(short).count == 10)
            let lost = try await chain(100, long)
            try kill(Runs.nodes(long).last, of: cluster)
            let failure = await error(lost)
            #expect(failure?.code == .lineageEvicted && failure?.reason == .lineageEvicted)
        }
    }

    @Test("47: of two results one of which was read elsewhere, both are usable when their node is gone")
    func severalResults() async throws {
        try await withNodes(3) { cluster in
            let key = Runs.make()
            let (first, second) = Rebuilt.two.options(resources: special).remote(key)
            #expect(try await Rebuilt.first.options(resources: home).remote(first.view()).get() == 1)
            try kill(Runs.nodes(key).first, of: cluster)
            #expect(try await first.get().first == 1)
            #expect(Runs.nodes(key).count == 1, "its copy is at home")
            #expect(try await second.get().first == 2)
            #expect(Runs.nodes(key).count == 2)
            #expect(try await Rebuilt.first.options(resources: special).remote(first.view()).get() == 1)
        }
    }

    /// The one actor, when it is dead for that reason.
    private func dead(_ reason: LossReason, _ cluster: TestCluster) async throws -> JSONObject {
        for await _ in cluster.watchActors() {
            let rows = try await cluster.rows(of: "actors")
            if rows.count == 1, rows[0]["state"] == "dead", rows[0]["reason"] == .string(reason.rawValue) { return rows[0] }
        }
        return [:]
    }

    @Test("49: an actor that is out of scope is started once for two results that are lost, ends again, and for good with their refs")
    func comeback() async throws {
        try await withNodes(3) { cluster in
            let key = Runs.make()
            func made() async throws -> (ObjectRef<[UInt64]>, ObjectRef<[UInt64]>) {
                let data = try cluster.cluster.put(pattern(Rebuilt.count, seed: 7))
                let maker = Rebuilder.open.options(resources: special, maxRestarts: 2, maxTaskRetries: -1).remote(data.view())
                let refs = (maker.make.remote(key, 1), maker.make.remote(key, 2))
                _ = try await cluster.cluster.wait([refs.0, refs.1], count: 2)
                for index in 1...2 { try cluster.loseCopy(of: data, on: index) }
                return refs
            }
            try await { () async throws in
                let (one, two) = try await made()
                #expect(try await dead(.outOfScope, cluster)["incarnation"] == 1)
                for index in 1...2 {
                    try cluster.loseCopy(of: one, on: index)
                    try cluster.loseCopy(of: two, on: index)
                }
                // The argument of its constructor does not come before the losses of both are noticed.
                try cluster.setSending(false, of: 0)
                async let first = one.get().first, second = two.get().first
                try await eventually { cluster.copies(of: one).isEmpty && cluster.copies(of: two).isEmpty }
                try cluster.setSending(true, of: 0)
                let firsts = try await [first, second]
                #expect(firsts == [1, 2])
                #expect(Runs.nodes(key).count == 4)
                #expect(try await dead(.outOfScope, cluster)["incarnation"] == 2)
                #expect(try await one.get().first == 1)
            }()
            #expect(try await dead(.refDeleted, cluster)["incarnation"] == 2)
        }
    }

    @Test("a call that needs the lost result of an earlier call of its actor lets that call run again, in the order and outside of it")
    func ownResults() async throws {
        try await withNodes(3) { cluster in
            let key = Runs.make()
            let maker = Rebuilder.plain.options(resources: special, maxTaskRetries: -1).remote()
            let one = maker.make.remote(key, 1)
            let two = maker.next.remote(key, one.view())
            _ = try await cluster.cluster.wait([one, two], count: 2)
            func lose(_ refs: ObjectRef<[UInt64]>...) throws {
                for ref in refs { for index in 1...2 { try cluster.loseCopy(of: ref, on: index) } }
            }
            try lose(one, two)
            let first = try await Rebuilt.first.options(resources: special).remote(two.view()).get()
            #expect(first == 2 && Runs.nodes(key).count == 4)
            try lose(one)
            let three = try await maker.next.remote(key, one.view()).get()
            #expect(three.first == 2 && Runs.nodes(key).count == 6)
        }
    }

    @Test("a task that reads a lost object by a ref inside a value has it made again by its owner")
    func borrowed() async throws {
        try await withNodes(3) { cluster in
            let key = Runs.make()
            let refs = (0..<3).map { Rebuilt.make.options(resources: special).remote(key, UInt64($0)) }
            _ = try await cluster.cluster.wait(refs, count: 3)
            for ref in refs { for index in 1...2 { try cluster.loseCopy(of: ref, on: index) } }
            let total = Remote.read.options(resources: special).remote(refs)
            let expected = (0..<3).reduce(UInt64(0)) { $0 &+ pattern(Rebuilt.count, seed: UInt64($1)).reduce(0, &+) }
            #expect(try await total.get() == expected)
            #expect(Runs.nodes(key).count == 6)
        }
    }

    @Test("results of a task that may run on dead nodes only end with the reason why nobody can run it, not with a wait")
    func nowhere() async throws {
        try await withNodes(2) { cluster in
            let key = Runs.make()
            let ref = Rebuilt.make.options(resources: special).remote(key, 1)
            _ = try await cluster.cluster.wait([ref])
            cluster.kill(1)
            let failure = await error(ref)
            #expect(failure?.code == .unschedulable)
        }
    }
}
