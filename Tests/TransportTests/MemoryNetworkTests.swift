import RayflowCore
import Testing

@testable import Transport

@Suite("The network in memory")
struct MemoryNetworkTests {
    private final class World {
        let time = VirtualTime()
        let hub: MemoryHub
        let a: MemoryNetwork
        let b: MemoryNetwork
        let atAlice = Mailbox(recordsTurns: true)
        let atBob = Mailbox(recordsTurns: true)
        init(_ injector: FaultInjector? = nil) {
            hub = MemoryHub(injector: injector)
            a = hub.network(on: Loop(virtual: time))
            b = hub.network(on: Loop(virtual: time))
            a.attach(alice, handler: atAlice)
            b.attach(bob, handler: atBob)
        }
        func send(_ numbers: ClosedRange<UInt8>, kind: UInt8 = 1) {
            for number in numbers { a.send(kind: kind, body: [number], from: alice, to: bob) }
        }
        /// The first body bytes in the order of arrival.
        var received: [UInt8] { atBob.all.compactMap { if case .frame(_, let body, _) = $0 { body.first } else { nil } } }
    }

    @Test("the frames of one turn arrive in order as one batch with one end")
    func batch() {
        let world = World()
        world.send(1...3)
        #expect(world.atBob.all.isEmpty)
        world.time.settle()
        let frames = (1...3).map { Mailbox.Item.frame(1, [UInt8($0)], alice) }
        #expect(world.atBob.all == frames + [.turnEnded])
    }

    @Test("local frames arrive later in the order sent, without the hub")
    func local() {
        let world = World()
        let box = Mailbox()
        world.a.attach(.raylet(of: nodeA), handler: box)
        world.a.send(kind: 1, body: [1], from: alice, to: .raylet(of: nodeA))
        world.a.send(kind: 2, body: [2], from: alice, to: .raylet(of: nodeA))
        #expect(box.all.isEmpty)
        world.time.settle()
        #expect(box.all == [.frame(1, [1], alice), .frame(2, [2], alice)])
        #expect(world.a.bytesSent == 0)
    }

    @Test("an address that nobody serves counts as disconnected")
    func unknown() {
        let world = World()
        world.a.send(kind: 1, body: [], from: alice, to: .gcs)
        world.time.settle()
        #expect(world.atAlice.all == [.disconnected(.gcs), .turnEnded])
    }

    @Test("a killed process loses its addresses after what it sent before")
    func kill() {
        let world = World()
        world.b.attach(.raylet(of: nodeB), handler: Mailbox())
        world.send(1...1)
        world.time.settle()
        world.b.send(kind: 9, body: [], from: bob, to: alice)
        world.b.flush()
        world.hub.kill(bob)
        world.time.settle()
        let items = world.atAlice.all.filter { $0 != .turnEnded }
        #expect(items == [.frame(9, [], bob), .disconnected(.raylet(of: nodeB)), .disconnected(bob)])
        world.send(2...2)
        world.time.settle()
        #expect(world.atAlice.all.filter { $0 != .turnEnded }.last == .disconnected(bob))
        #expect(world.received == [1])
    }

    @Test("a killed process's unflushed frames are lost, and it hears and says nothing more")
    func killedSilently() {
        let world = World()
        world.send(1...1)
        world.hub.kill(alice)
        world.time.settle()
        world.send(2...2)
        world.time.settle()
        #expect(world.received.isEmpty)
        #expect(world.time.pending == 0)
    }

    @Test("a detached address counts as disconnected, its neighbours do not")
    func detach() {
        let world = World()
        world.b.attach(.raylet(of: nodeB), handler: Mailbox())
        world.send(1...1)
        world.time.settle()
        world.b.detach(bob)
        world.time.settle()
        #expect(world.atAlice.all.filter { $0 != .turnEnded } == [.disconnected(bob)])
    }

    @Test("a partition swallows frames in both directions until it heals")
    func partition() {
        let world = World()
        world.hub.partition(alice, bob)
        world.send(1...2)
        world.b.send(kind: 1, body: [], from: bob, to: alice)
        world.time.settle()
        #expect(world.received.isEmpty && world.atAlice.all.isEmpty)
        world.hub.heal(alice, bob)
        world.send(3...3)
        world.time.settle()
        #expect(world.received == [3])
    }

    @Test("frames of one kind can be lost while others pass")
    func drop() {
        let world = World(FaultInjector([FaultRule(.drop, kinds: [7])]))
        world.send(1...1, kind: 7)
        world.send(2...2, kind: 8)
        world.time.settle()
        #expect(world.received == [2])
    }

    @Test("skip and count choose which frame is lost")
    func skip() {
        let world = World(FaultInjector([FaultRule(.drop, skip: 1, count: 2)]))
        world.send(1...5)
        world.time.settle()
        #expect(world.received == [1, 4, 5])
    }

    @Test("a duplicate follows its original")
    func duplicate() {
        let world = World(FaultInjector([FaultRule(.duplicate, skip: 1, count: 1)]))
        world.send(1...3)
        world.time.settle()
        #expect(world.received == [1, 2, 2, 3])
    }

    @Test("a delayed frame holds up what follows")
    func delay() {
        let world = World(FaultInjector([FaultRule(.delay(1000...1000), skip: 1, count: 1)]))
        world.send(1...3)
        world.time.settle()
        #expect(world.received == [1])
        world.time.advance(by: .nanoseconds(999))
        #expect(world.received == [1])
        world.time.advance(by: .nanoseconds(1))
        #expect(world.received == [1, 2, 3])
    }

    @Test("a reordered frame is overtaken")
    func reorder() {
        let world = World(FaultInjector([FaultRule(.reorder(5...5), count: 1)]))
        world.send(1...3)
        world.time.settle()
        #expect(world.received == [2, 3])
        world.time.advance(by: .nanoseconds(5))
        #expect(world.received == [2, 3, 1])
    }

    @Test("a disconnect loses the turn's frames, tells both sides, and leaves both able to go on")
    func disconnect() {
        let world = World(FaultInjector([FaultRule(.disconnect, kinds: [9], count: 1)]))
        world.send(1...1)
        world.send(2...2, kind: 9)
        world.time.settle()
        #expect(world.atAlice.all == [.disconnected(bob), .turnEnded])
        #expect(world.atBob.all == [.disconnected(alice), .turnEnded])
        world.send(3...3)
        world.time.settle()
        #expect(world.received == [3])
    }

    @Test("a seed replays its faults, another does not", arguments: UInt64(0)..<20)
    func seeds(seed: UInt64) {
        func run(_ seed: UInt64) -> [UInt8] {
            let rules = [FaultRule(.drop, probability: 0.3), FaultRule(.reorder(1...500), probability: 0.3)]
            let world = World(FaultInjector(seed: seed, rules))
            world.send(0...199)
            world.time.advance(by: .seconds(1))
            return world.received
        }
        #expect(run(seed) == run(seed))
        #expect(run(seed) != run(seed + 1000))
    }

    @Test("networks on threads of their own keep the order")
    func threads() throws {
        let hub = MemoryHub()
        let loops = [Loop(), Loop()]
        defer { for loop in loops { loop.shutdown() } }
        let box = Mailbox()
        let networks = loops.map { hub.network(on: $0) }
        try loops[1].sync { networks[1].attach(bob, handler: box) }
        try loops[0].sync {
            for number in 0..<2000 {
                networks[0].send(kind: 1, body: [UInt8(truncatingIfNeeded: number)], from: alice, to: bob)
                if number % 7 == 0 { networks[0].flush() }
            }
        }
        #expect(box.wait(for: 2000) == (0..<2000).map { .frame(1, [UInt8(truncatingIfNeeded: $0)], alice) })
    }
}
