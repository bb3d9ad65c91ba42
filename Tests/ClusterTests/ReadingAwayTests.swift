import Rayflow
import RayflowTestKit
import Testing

@Suite("Reads of objects of other nodes have a way out", .serialized, .timeLimit(.minutes(5)))
struct ReadingAwayTests {
    private static let bytes = 8_000_000

    /// A ready object on node 1, which sends nothing until it is told to; the driver is on node 0.
    private func withObjectAway(_ body: (TestCluster, ObjectRef<[UInt64]>) async throws -> Void) async throws {
        try await run(BroadcastTests.cluster(2)) { cluster in
            let ref = Bulk.make.options(resources: BroadcastTests.on(1)).remote(Self.bytes, 1)
            _ = try await cluster.cluster.wait([ref])
            try cluster.setSending(false, of: 1)
            try await body(cluster, ref)
        }
    }

    private func nothingIsWanted(_ cluster: TestCluster) async throws {
        try await eventually { try cluster.transfers(of: 0).wanted.isEmpty && cluster.storedBytes(on: 0) == 0 }
    }

    @Test("a read that takes too long fails by name, and what it asked for need not come any more; a later one has the value")
    func timeout() async throws {
        try await withObjectAway { cluster, ref in
            let failure = await #expect(throws: RayflowError.self) { try await ref.get(timeout: .milliseconds(50)) }
            #expect(failure?.code == .getTimeout && failure?.message.contains("was ready, but not here") == true)
            try await nothingIsWanted(cluster)
            try cluster.setSending(true, of: 1)
            #expect(try await ref.get().count == Self.bytes / 8)
        }
    }

    @Test("a read that is cancelled ends at once; another of the same object goes on")
    func cancelled() async throws {
        try await withObjectAway { cluster, ref in
            let first = Task { try await ref.get() }
            let second = Bulk.wait.options(resources: BroadcastTests.on(0)).remote([ref])
            try await eventually { try cluster.transfers(of: 0).wanted.map(\.kind) == [.get] }
            first.cancel()
            await #expect(throws: CancellationError.self) { try await first.value }
            try await eventually { try cluster.transfers(of: 0).wanted.map(\.kind) == [.wait] }
            try cluster.setSending(true, of: 1)
            #expect(try await second.get() == 1)
        }
    }

    @Test("a wait for objects that are here takes the one that is, and leaves the one that does not come in time")
    func fetchLocal() async throws {
        try await withObjectAway { cluster, away in
            let here = try cluster.cluster.put([UInt64](repeating: 7, count: Self.bytes / 8))
            let (ready, rest) = try await cluster.cluster.wait([away, here], count: 1, fetchLocal: true)
            #expect(ready.map(\.id) == [here.id] && rest.map(\.id) == [away.id])
            let (none, left) = try await cluster.cluster.wait([away], timeout: .milliseconds(50), fetchLocal: true)
            #expect(none.isEmpty && left.map(\.id) == [away.id])
            try cluster.setSending(true, of: 1)
            #expect(try await cluster.cluster.wait([away, here], count: 2, fetchLocal: true).ready.count == 2)
            #expect(cluster.copies(of: away) == [0, 1])
        }
    }
}
