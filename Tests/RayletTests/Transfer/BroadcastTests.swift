import RayflowCore
import Testing

@testable import Raylet

@Suite("An object for many nodes") struct BroadcastTests {
    private let object = PullBench.object(1)
    /// A copy on a free line.
    private let copyNS = UInt64(TransferWorld.chunks) * TransferWorld.chunkNS

    @Test(
        "a broadcast makes a tree: no node sends more than two copies at a time, and chunks are passed on as they come",
        arguments: UInt64(1)...5)
    func tree(_ seed: UInt64) {
        let world = TransferWorld(65, seed: seed)
        world.put(object, on: 1)
        for node in 2...65 as ClosedRange<UInt64> { world.want(object, on: node, from: [1]) }
        world.run()
        for node in 2...65 as ClosedRange<UInt64> {
            let state = world.nodes[NodeID(node)]
            #expect(state?.complete == [object] && state?.chunksTaken == TransferWorld.chunks, "node \(node)")
            #expect(state?.pushes.isEmpty == true && state?.pulls.isEmpty == true)
        }
        let copies = world.nodes.values.map { $0.pushes.counters.mostCopies }
        #expect(copies.max() == 2)
        // One node alone would need 64 times the time of a copy, a tree of whole objects 12 times.
        #expect(world.lastNS < 5 * copyNS, "\(Double(world.lastNS) / Double(copyNS)) times the time of a copy")
        #expect((world.nodes[NodeID(1)]?.chunksSent ?? 0) < 6 * TransferWorld.chunks)
    }

    @Test(
        "nodes that die and connections that break on the way keep nobody from the object, without waiting for silence",
        arguments: UInt64(1)...60)
    func faults(_ seed: UInt64) {
        var random = SeededRandom(seed)
        let world = TransferWorld(24, seed: seed)
        for holder in 1...3 as ClosedRange<UInt64> { world.put(object, on: holder) }
        for node in 4...24 as ClosedRange<UInt64> {
            world.after(random.next() % copyNS) { [object] in world.want(object, on: node, from: [1, 2, 3]) }
        }
        var dead: Set<UInt64> = []
        for _ in 0..<6 {
            // Node 1 stays.
            let victim = UInt64.random(in: 2...24, using: &random)
            dead.insert(victim)
            world.after(random.next() % (3 * copyNS)) { world.kill(victim) }
        }
        for _ in 0..<20 {
            let pair = [UInt64.random(in: 1...24, using: &random), UInt64.random(in: 1...24, using: &random)].map { NodeID($0) }
            if pair[0] != pair[1] { world.after(random.next() % (3 * copyNS)) { world.breakConnection(pair[0], pair[1]) } }
        }
        world.run()
        for node in 4...24 as ClosedRange<UInt64> where !dead.contains(node) {
            let state = world.nodes[NodeID(node)]
            #expect(state?.complete == [object], "node \(node): \(state?.failed[object]?.message ?? "waits")")
            #expect(state?.pulls.isEmpty == true && state?.chunksTaken == TransferWorld.chunks)
        }
        #expect(world.lastNS < TransferLimits.silenceNS)
    }

    @Test("nodes that die without a word, and room that is refused, keep nobody from the object", arguments: UInt64(1)...30)
    func silence(_ seed: UInt64) {
        var random = SeededRandom(seed)
        let world = TransferWorld(16, seed: seed)
        world.noRoomPercent = 30
        for holder in 1...3 as ClosedRange<UInt64> { world.put(object, on: holder) }
        for node in 4...16 as ClosedRange<UInt64> {
            world.after(random.next() % copyNS) { [object] in world.want(object, on: node, from: [1, 2, 3]) }
        }
        var dead: Set<UInt64> = []
        for _ in 0..<4 {
            let victim = UInt64.random(in: 2...16, using: &random)
            let notice = random.chance(50) ? 2 * TransferLimits.silenceNS : TransferLimits.silenceNS / 5
            guard dead.insert(victim).inserted else { continue }
            world.after(random.next() % (3 * copyNS)) { world.killSilently(victim, noticeNS: notice) }
        }
        world.run()
        #expect(world.roomRefusals > 0)
        for node in 4...16 as ClosedRange<UInt64> where !dead.contains(node) {
            let state = world.nodes[NodeID(node)]
            #expect(state?.complete == [object], "node \(node): \(state?.failed[object]?.message ?? "waits")")
            #expect(state?.pulls.isEmpty == true && state?.pushes.isEmpty == true && state?.chunksTaken == TransferWorld.chunks)
        }
        // Each that died costs one silence at most.
        #expect(world.lastNS < 5 * (TransferLimits.silenceNS + TransferLimits.silenceNS / UInt64(TransferLimits.silenceLooks)))
    }

    @Test("when every copy dies on the way, all who wait hear of it", arguments: UInt64(1)...30)
    func loss(_ seed: UInt64) {
        let world = TransferWorld(12, seed: seed)
        world.put(object, on: 1)
        for node in 2...12 as ClosedRange<UInt64> { world.want(object, on: node, from: [1]) }
        world.after(copyNS / 2) { world.kill(1) }
        world.run()
        for node in 2...12 as ClosedRange<UInt64> {
            let state = world.nodes[NodeID(node)]
            #expect(state?.failed[object]?.code == .objectLost && state?.pulls.isEmpty == true && state?.coming.isEmpty == true)
            // Known to be lost, so that it can be made again: not merely out of reach.
            #expect(state?.failed[object]?.reason == nil)
            // Nobody waits for others that wait.
            #expect((state?.failedNS[object] ?? .max) < TransferLimits.longestPauseNS, "node \(node)")
        }
    }

    @Test("many objects for many nodes come in any order, each once", arguments: UInt64(1)...10)
    func many(_ seed: UInt64) {
        var random = SeededRandom(seed)
        let world = TransferWorld(10, seed: seed)
        var wanted: [UInt64: Set<ObjectID>] = [:]
        for number in 1...12 as ClosedRange<UInt64> {
            let home = number % 10 + 1
            world.put(PullBench.object(number), on: home)
            for node in 1...10 as ClosedRange<UInt64> where node != home && random.chance(70) {
                wanted[node, default: []].insert(PullBench.object(number))
                let kind = PullKind.allCases.randomElement(using: &random) ?? .get
                world.after(random.next() % copyNS) { world.want(PullBench.object(number), on: node, from: [home], kind: kind) }
            }
        }
        world.run()
        for (node, objects) in wanted {
            let state = world.nodes[NodeID(node)]
            #expect(state?.complete.isSuperset(of: objects) == true, "node \(node)")
            #expect(state?.chunksTaken == objects.count * TransferWorld.chunks)
            #expect(state?.pushes.isEmpty == true && state?.pulls.isEmpty == true)
        }
    }
}
