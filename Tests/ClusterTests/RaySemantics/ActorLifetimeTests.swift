import Rayflow
import RayflowTestKit
import Testing

@Suite("Ray's semantics: how long actors live, and pools of them")
struct ActorLifetimeTests {
    @Test("a detached actor outlives its driver and is found by the next one; others die with their job, and names of jobs do not meet")
    func detached() async throws {
        try await withTwoNodes { test in
            let first = try await test.connect()
            let kept = Ledger.open.on(first).options(name: "kept", namespace: "all", lifetime: .detached).remote()
            let lost = Ledger.open.on(first).options(name: "lost", namespace: "all").remote()
            let own = Ledger.open.on(first).options(name: "own").remote()
            for ledger in [kept, lost, own] { #expect(try await ledger.note.remote(1).get() == 1) }
            #expect(try await test.cluster.actor("own", as: Ledger.self) == nil, "a name of another job")
            await first.shutDown()
            let second = try await test.connect()
            let found = try await second.actor("kept", as: Ledger.self, namespace: "all")
            let ledger = try #require(found)
            #expect(try await ledger.note.remote(2).get() == 2)
            let gone = try await second.actor("lost", as: Ledger.self, namespace: "all")
            #expect(gone == nil)
            try await second.kill(ledger)
            guard case .failure(let error) = await ledger.lines.remote().outcome() else {
                Issue.record("it lives")
                return
            }
            #expect(error.code == .actorDied)
            await second.shutDown()
        }
    }

    @Test("a pool gives results in order or as they come, starts what waits, and times out")
    func pool() async throws {
        try await withTwoNodes { _ in
            let actors = (0..<3).map { _ in Ledger.open.remote() }
            let pool = ActorPool<Ledger, Int>(actors)
            let counts = try await pool.map(0..<30) { ledger, line in ledger.note.remote(line) }
            #expect(counts.count == 30 && counts.first == 1)
            let unordered = try await pool.mapUnordered(0..<30) { ledger, line in ledger.note.remote(line) }
            #expect(unordered.max() ?? 0 >= 20)
            #expect(!pool.hasNext && pool.hasFree)
            let taken = try #require(pool.popIdle())
            #expect(pool.popIdle() != nil && pool.popIdle() != nil && pool.popIdle() == nil)
            pool.submit { $0.note.remote(1) }
            await #expect(throws: RayflowError.self) { _ = try await pool.next() }
            pool.push(taken)
            #expect(try await pool.next() > 0)
        }
    }
}
