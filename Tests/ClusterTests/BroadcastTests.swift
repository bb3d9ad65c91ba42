import Glibc
import Rayflow
import RayflowTestKit
import Testing

/// Large values that are quick to make and to compare.
enum Bulk {
    static let chunk = 5 << 20

    /// Blocks of noise, too far apart for LZ4 to find them again.
    static func values(_ bytes: Int, seed: UInt64) -> [UInt64] {
        let block = noise(64 << 10, seed: seed)
        var values: [UInt64] = []
        values.reserveCapacity(bytes / 8 + block.count)
        while values.count < bytes / 8 {
            let start = values.count
            values += block
            values[start] = UInt64(start)
        }
        values.removeLast(values.count - bytes / 8)
        return values
    }

    static func chunks(_ bytes: Int) -> Int { (bytes + 1024) / chunk + 1 }

    static func isEqual(_ buffer: RemoteBuffer<UInt64>, _ values: [UInt64]) -> Bool {
        buffer.count == values.count
            && buffer.withSpan { span in
                span.withUnsafeBytes { a in
                    values.withUnsafeBytes { b in
                        guard let first = a.baseAddress, let second = b.baseAddress else { return true }
                        return memcmp(first, second, a.count) == 0
                    }
                }
            }
    }

    static let make = RemoteFunction("make(bytes:seed:)") { (bytes: Int, seed: UInt64) in values(bytes, seed: seed) }
    /// Reads where it runs; the ref in the list is no dependency of the task.
    static let isEqual = RemoteFunction("isEqual(refs:bytes:seed:)") { (refs: [ObjectRef<[UInt64]>], bytes: Int, seed: UInt64) in
        for ref in refs where !isEqual(try await ref.view().get(), values(bytes, seed: seed)) { return false }
        return true
    }
    /// Waits for copies where it runs.
    static let wait = RemoteFunction("wait(refs:)") { (refs: [ObjectRef<[UInt64]>]) in
        try await TaskContext.current?.cluster.wait(refs, count: refs.count, fetchLocal: true).ready.count ?? 0
    }
}

@Suite("One object for many nodes", .serialized, .timeLimit(.minutes(5)))
struct BroadcastTests {
    /// Nodes of which each alone has `n0`, `n1` …
    static func cluster(
        _ count: Int, storeBytes: Int = TestKitLimits.storeBytes, silence: Duration = TestKitLimits.silence
    ) async throws -> TestCluster {
        try await TestCluster(nodes: (0..<count).map { ["CPU": 4, "n\($0)": 100] }, remotes, storeBytes: storeBytes, silence: silence)
    }

    /// - Parameter amount: tasks that ask for the same wait in one line for workers.
    static func on(_ node: Int, _ amount: Double = 1) -> [String: Double] { ["n\(node)": amount] }

    @Test("100 MB that are read on 4 nodes at once form a tree: the first node sends two copies, the others pass them on")
    func tree() async throws {
        let bytes = 100_000_000
        try await run(Self.cluster(5)) { cluster in
            let ref = try cluster.cluster.put(Bulk.values(bytes, seed: 1))
            try cluster.setSending(false, of: 0)
            let reads = (1...4).map { Bulk.isEqual.options(resources: Self.on($0)).remote([ref], bytes, 1) }
            // Two have been promised a copy, and the others have found those two.
            try await eventually { try (0...4).reduce(0) { try $0 + cluster.transfers(of: $1).begun } >= 4 }
            try cluster.setSending(true, of: 0)
            for isEqual in try await cluster.cluster.get(reads) { #expect(isEqual) }
            for node in 1...4 { #expect(cluster.chunksPulled(by: node) == Bulk.chunks(bytes), "each chunk once") }
            let transfers = try (0...4).map { try cluster.transfers(of: $0) }
            #expect(transfers[0].chunksSent == 2 * Bulk.chunks(bytes) && transfers[0].turnedAway >= 2)
            #expect(transfers.map(\.chunksSent).reduce(0, +) == 4 * Bulk.chunks(bytes))
            #expect(transfers.allSatisfy { $0.mostCopies <= 2 && $0.wanted.isEmpty })
            #expect(transfers.allSatisfy { $0.mostBytes <= 2 * (20 << 20) + 2 * Bulk.chunk })
            try await eventually { cluster.copies(of: ref) == [0, 1, 2, 3, 4] }
        }
    }

    @Test("a sender that dies in the middle is followed by another copy, which sends only what is missing", arguments: [false, true])
    func deadSender(_ isSilent: Bool) async throws {
        let bytes = 60_000_000
        try await run(Self.cluster(3, silence: isSilent ? .seconds(1) : TestKitLimits.silence)) { cluster in
            let ref = Bulk.make.options(resources: Self.on(1), maxRetries: 0).remote(bytes, 2)
            #expect(try await Bulk.isEqual.options(resources: Self.on(2)).remote([ref], bytes, 2).get())
            try await eventually { cluster.copies(of: ref) == [1, 2] }
            for node in 1...2 { try cluster.inject("drop kind=129 skip=2", at: node) }
            let read = Bulk.isEqual.options(resources: Self.on(0)).remote([ref], bytes, 2)
            // A silent one may have been followed by the other already, which sends as little.
            try await eventually { try cluster.transfers(of: 0).wanted.first?.chunks ?? 0 >= 2 }
            let source = try #require(try cluster.transfers(of: 0).wanted.first?.source)
            let dying = source == cluster.node(1) ? 1 : 2
            try cluster.inject("", at: 3 - dying)
            if !isSilent { cluster.kill(dying) }
            #expect(try await read.get())
            #expect(cluster.chunksPulled(by: 0) == Bulk.chunks(bytes), "what had come is not sent again")
        }
    }

    @Test("a node that passes chunks on and dies leaves those behind it with other copies")
    func deadNode() async throws {
        let bytes = 60_000_000
        try await run(Self.cluster(5)) { cluster in
            let ref = try cluster.cluster.put(Bulk.values(bytes, seed: 3))
            try cluster.setSending(false, of: 0)
            var reads = [(Int, ObjectRef<Bool>)]()
            for node in 1...4 {
                let isEqual = Bulk.isEqual.options(resources: Self.on(node), maxRetries: 0)
                reads.append((node, isEqual.remote([ref], bytes, 3)))
            }
            try await eventually { try (1...4).reduce(0) { try $0 + cluster.transfers(of: $1).begun } >= 2 }
            let dying = try #require(try (1...4).first { try cluster.transfers(of: $0).begun > 0 })
            try cluster.inject("drop kind=129 skip=2", at: dying)
            try cluster.setSending(true, of: 0)
            // Somebody has a part from it, and gets no more.
            try await eventually {
                try (1...4).contains { node in
                    guard node != dying, let row = try cluster.transfers(of: node).wanted.first else { return false }
                    return row.source == cluster.node(dying) && row.chunks > 0
                }
            }
            cluster.kill(dying)
            for (node, read) in reads where node != dying { #expect(try await read.get()) }
            for node in 1...4 where node != dying { #expect(cluster.chunksPulled(by: node) == Bulk.chunks(bytes)) }
        }
    }

    @Test("nobody's transfer goes on: a task that is cancelled while its argument comes frees the room for it")
    func cancelled() async throws {
        let bytes = 60_000_000
        try await run(Self.cluster(2)) { cluster in
            let ref = try cluster.cluster.put(Bulk.values(bytes, seed: 4))
            try cluster.inject("drop kind=129 skip=3", at: 0)
            let sum = Remote.sum.options(resources: Self.on(1)).remote(ref.view())
            try await eventually { cluster.chunksPulled(by: 1) == 3 }
            #expect(try cluster.storedBytes(on: 1) >= bytes)
            try await cluster.cluster.cancel(sum)
            await #expect(throws: RayflowError.self) { try await sum.get() }
            try await eventually { try cluster.storedBytes(on: 1) == 0 && cluster.transfers(of: 1).wanted.isEmpty }
            try cluster.inject("", at: 0)
            #expect(try await Bulk.isEqual.options(resources: Self.on(1)).remote([ref], bytes, 4).get())
        }
    }
}

@Suite("What comes first between nodes", .serialized, .timeLimit(.minutes(5)))
struct TransferOrderTests {
    /// Of a store of 64 MiB, a half may be on its way: one of these at a time.
    private static let bytes = 20_000_000

    @Test("reads come before waits, and waits before arguments of tasks; of each kind what was wanted first")
    func order() async throws {
        try await run(BroadcastTests.cluster(2, storeBytes: 64 << 20)) { cluster in
            let ray = cluster.cluster
            // Made on node 0, whose store is as small: they are spilled there and brought back.
            let refs = try (0..<5 as Range<UInt64>).map { try ray.put(Bulk.values(Self.bytes, seed: $0)) }
            try cluster.setSending(false, of: 0)
            func wanted(_ count: Int) async throws { try await eventually { try cluster.transfers(of: 1).wanted.count == count } }
            let first = Remote.sum.options(resources: BroadcastTests.on(1, 1)).remote(refs[0].view())
            try await eventually { try cluster.transfers(of: 1).wanted.first?.source == cluster.node(0) }
            let second = Remote.sum.options(resources: BroadcastTests.on(1, 2)).remote(refs[1].view())
            try await wanted(2)
            let waiter = Bulk.wait.options(resources: BroadcastTests.on(1, 3)).remote([refs[2]])
            try await wanted(3)
            let reader = Bulk.isEqual.options(resources: BroadcastTests.on(1, 4)).remote([refs[3]], Self.bytes, 3)
            try await wanted(4)
            let later = Bulk.isEqual.options(resources: BroadcastTests.on(1, 5)).remote([refs[4]], Self.bytes, 4)
            try await wanted(5)
            let rows = try cluster.transfers(of: 1).wanted
            #expect(rows.map(\.kind) == [.get, .get, .wait, .argument, .argument])
            // Beside the argument that has begun one read; the wait had its turn before the reads came, and has kept it if it had room already.
            #expect(rows[..<2].count(where: \.isOnItsWay) == 1 && rows[3...].count(where: \.isOnItsWay) == 1)
            try cluster.setSending(true, of: 0)
            #expect(try await reader.get())
            #expect(try await later.get())
            #expect(try await waiter.get() == 1)
            _ = try await ray.get([first, second])
            let order = cluster.pulled(refs, by: 1).map(\.id)
            #expect(order.last == refs[1].id, "the argument that had not begun is the last")
            #expect(order.firstIndex(of: refs[3].id)! < order.firstIndex(of: refs[4].id)!)
        }
    }

    @Test("an argument that somebody reads meanwhile is not kept waiting behind other arguments")
    func upgrade() async throws {
        try await run(BroadcastTests.cluster(2, storeBytes: 64 << 20)) { cluster in
            let refs = try (0..<3 as Range<UInt64>).map { try cluster.cluster.put(Bulk.values(Self.bytes, seed: $0)) }
            try cluster.setSending(false, of: 0)
            var sums: [ObjectRef<UInt64>] = []
            for ref in refs {
                sums.append(Remote.sum.options(resources: BroadcastTests.on(1, Double(sums.count + 2))).remote(ref.view()))
                try await eventually { try cluster.transfers(of: 1).wanted.count == sums.count }
            }
            let read = Bulk.isEqual.options(resources: BroadcastTests.on(1)).remote([refs[2]], Self.bytes, 2)
            try await eventually { try cluster.transfers(of: 1).wanted.first?.kind == .get }
            try cluster.setSending(true, of: 0)
            #expect(try await read.get())
            _ = try await cluster.cluster.get(sums)
            #expect(cluster.pulled(refs, by: 1).last?.id == refs[1].id)
        }
    }

    @Test("a copy that makes room for others is forgotten by the owner, so that nobody is sent there for it")
    func dropped() async throws {
        try await run(BroadcastTests.cluster(3, storeBytes: 64 << 20)) { cluster in
            let refs = try (0..<6 as Range<UInt64>).map { try cluster.cluster.put(Bulk.values(Self.bytes, seed: $0)) }
            for (seed, ref) in refs.enumerated() {
                #expect(try await Bulk.isEqual.options(resources: BroadcastTests.on(1)).remote([ref], Self.bytes, UInt64(seed)).get())
            }
            #expect(try cluster.tiers(of: 1).dropped > 0)
            try await eventually { cluster.copies(of: refs[0]) == [0] }
            #expect(try await Bulk.isEqual.options(resources: BroadcastTests.on(2)).remote([refs[0]], Self.bytes, 0).get())
            try await eventually { cluster.copies(of: refs[0]) == [0, 2] }
        }
    }

    @Test("a node that has no room to bring its copy back says so at once, and is asked again until it has")
    func noRoom() async throws {
        try await run(BroadcastTests.cluster(2, storeBytes: 64 << 20)) { cluster in
            let refs = try (0..<6 as Range<UInt64>).map { try cluster.cluster.put(Bulk.values(Self.bytes, seed: $0)) }
            var held: [RemoteBuffer<UInt64>] = []
            for ref in refs[3...] { held.append(try await ref.view().get()) }
            let read = Bulk.isEqual.options(resources: BroadcastTests.on(1)).remote([refs[0]], Self.bytes, 0)
            try await eventually { try cluster.transfers(of: 1).paused > 1 }
            #expect(held.map(\.count) == [Self.bytes / 8, Self.bytes / 8, Self.bytes / 8])
            held = []
            #expect(try await read.get())
        }
    }
}
