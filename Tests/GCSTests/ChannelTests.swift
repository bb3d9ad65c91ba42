import RayflowCore
import Testing

@testable import GCS

@Suite("Channels") struct ChannelTests {
    /// One subscriber that asks on as soon as it is answered.
    private struct Subscriber {
        var follower: ChannelFollower
        var address = GCSBench.other
        var rows: [KeyedRow] = []

        init(_ channel: GCSChannel) { follower = ChannelFollower(channel) }

        mutating func poll(_ bench: inout GCSBench) { bench.receive(.pollChannel(follower.poll), from: address) }

        /// Takes what was sent and asks on until nothing comes.
        mutating func follow(_ bench: inout GCSBench) {
            while let index = bench.sent.firstIndex(where: { $0.to == address && $0.message.isChannelMessages }) {
                guard case .channelMessages(let m) = bench.sent.remove(at: index).message else { return }
                if case .rows(let new) = follower.receive(m) { rows += new }
                poll(&bench)
            }
        }
    }

    @Test("a subscriber reads everything once, then each change in its order") func changes() throws {
        var bench = GCSBench(nodes: [1])
        var subscriber = Subscriber(.node)
        subscriber.poll(&bench)
        subscriber.follow(&bench)
        #expect(subscriber.follower.snapshots == 1)
        #expect(subscriber.follower.rows.count == 1)
        bench.join(2)
        bench.join(3)
        bench.step { $0.nodeDied(NodeID(2), now: $1, into: &$2) }
        subscriber.follow(&bench)
        #expect(subscriber.follower.snapshots == 1)
        let seen = try subscriber.rows.map { try NodeInfo(decoding: $0.row ?? []) }
        #expect(seen.map(\.node) == [NodeID(2), NodeID(3), NodeID(2)])
        #expect(seen.map(\.isAlive) == [true, true, false])
        #expect(subscriber.follower.position == bench.gcs.publisher.position(.node))
    }

    @Test("a subscriber that is too far behind, in another epoch or ahead reads everything again") func gaps() {
        var bench = GCSBench(nodes: [1], retained: 10)
        var subscriber = Subscriber(.resource)
        subscriber.poll(&bench)
        subscriber.follow(&bench)
        let raylet = Address.raylet(of: NodeID(1))
        func report(_ bench: inout GCSBench, _ count: Int) {
            for number in 0..<count {
                bench.receive(.resourceReport(ResourceReport(node: NodeID(1), available: .cpus(number % 4))), from: raylet)
            }
        }
        // The first answer is lost on the way.
        report(&bench, 10)
        bench.sent = []
        subscriber.poll(&bench)
        subscriber.follow(&bench)
        #expect(subscriber.follower.snapshots == 1 && subscriber.rows.count == 10)
        report(&bench, 12)
        bench.sent = []
        subscriber.poll(&bench)
        subscriber.follow(&bench)
        #expect(subscriber.follower.snapshots == 2)
        for position in [ChannelPosition(epoch: 9, sequence: 0), ChannelPosition(epoch: 1, sequence: 1 << 40)] {
            bench.sent = []
            bench.receive(.pollChannel(PollChannel(channel: .resource, position: position)), from: GCSBench.driver)
            guard case .channelMessages(let m)? = bench.sent.last?.message else { return #expect(Bool(false)) }
            #expect(m.isSnapshot && m.position == bench.gcs.publisher.position(.resource))
        }
    }

    @Test("a channel that nobody asks about any more keeps nothing") func forgotten() {
        var publisher = Publisher(epoch: 1, retained: 5)
        var out: [GCSDirective] = []
        publisher.poll(PollChannel(channel: .log, position: .start), from: GCSBench.other, snapshot: { ([], 0) }, into: &out)
        for number in UInt8(0)..<6 { publisher.publish(.log, key: [number], row: []) }
        #expect(!publisher.isFollowed(.log) && publisher.retainedMessages(.log).isEmpty)
        #expect(publisher.position(.log).sequence == 6)
        publisher.poll(
            PollChannel(channel: .log, position: ChannelPosition(epoch: 1, sequence: 5)), from: GCSBench.other, snapshot: { ([], 0) },
            into: &out)
        guard case .send(.channelMessages(let m), _)? = out.last else { return #expect(Bool(false)) }
        #expect(m.isSnapshot && m.position.sequence == 6)
    }

    @Test("a follower finds gaps, and takes repeated and overlapping messages once") func follower() {
        var follower = ChannelFollower(.log)
        func messages(_ sequences: ClosedRange<UInt64>, epoch: UInt32 = 1, snapshot: Bool = false) -> ChannelMessages {
            ChannelMessages(
                channel: .log, isSnapshot: snapshot, position: ChannelPosition(epoch: epoch, sequence: sequences.upperBound),
                rows: sequences.map { KeyedRow(key: [UInt8($0)], row: [UInt8($0)]) }, missing: 0)
        }
        #expect(follower.receive(messages(1...3)) == .none, "nothing is known yet")
        #expect(follower.receive(messages(2...3, snapshot: true)) == .all)
        #expect(follower.receive(messages(3...5)) == .rows([KeyedRow(key: [4], row: [4]), KeyedRow(key: [5], row: [5])]))
        #expect(follower.receive(messages(4...5)) == .none)
        #expect(follower.position.sequence == 5)
        #expect(follower.receive(messages(7...7)) == .none)
        #expect(follower.poll.position == .start, "a gap")
        #expect(follower.receive(messages(7...7, snapshot: true)) == .all)
        #expect(follower.receive(messages(1...1, epoch: 2)) == .none)
        #expect(follower.poll.position == .start, "another epoch")
        #expect(follower.receive(messages(1...1, epoch: 2, snapshot: true)) == .all)
        #expect(follower.receive(messages(8...8, epoch: 1, snapshot: true)) == .none, "of the past")
        #expect(follower.position == ChannelPosition(epoch: 2, sequence: 1))
    }

    @Test("a new epoch makes subscribers read everything again") func restart() {
        var bench = GCSBench(nodes: [1], isStored: true)
        var subscriber = Subscriber(.node)
        subscriber.poll(&bench)
        subscriber.follow(&bench)
        bench.restartGCS()
        subscriber.poll(&bench)
        subscriber.follow(&bench)
        #expect(subscriber.follower.snapshots == 2)
        #expect(subscriber.follower.position.epoch == 2)
        #expect(subscriber.follower.rows.count == 1)
    }

    @Test("only errors and logs may be published by others") func publishing() {
        var bench = GCSBench()
        var subscriber = Subscriber(.log)
        subscriber.poll(&bench)
        subscriber.follow(&bench)
        #expect(bench.ask(.publish(.log, [KeyedRow(key: [1], row: [2])])) == .done(true))
        subscriber.follow(&bench)
        #expect(subscriber.rows == [KeyedRow(key: [1], row: [2])])
        guard case .failed(let error)? = bench.ask(.publish(.node, [])) else { return #expect(Bool(false)) }
        #expect(error.code == .invalidArgument)
    }

    @Test("a subscriber that is gone is not answered") func gone() {
        var bench = GCSBench(nodes: [1])
        var subscriber = Subscriber(.node)
        subscriber.poll(&bench)
        subscriber.follow(&bench)
        #expect(bench.gcs.publisher.parkedPolls == 1)
        bench.step { $0.connectionLost(GCSBench.other, now: $1, into: &$2) }
        #expect(bench.gcs.publisher.parkedPolls == 0)
    }
}

extension Message {
    fileprivate var isChannelMessages: Bool { if case .channelMessages = self { true } else { false } }
}
