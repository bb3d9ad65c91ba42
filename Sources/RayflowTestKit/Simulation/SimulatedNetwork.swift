import RayflowCore
import Transport

/// Connections between simulated processes: frames of one arrive in order, frames of different ones meet in any order, and a frame may come
/// twice. A frame that is lost takes its connection with it: what is under way arrives up to some point, then both sides hear of the end.
///
/// This is what sockets do: nothing is lost on a connection that lives, so no request needs a clock of its own.
final class SimulatedNetwork {
    /// Two directions; `0` leads to the greater address.
    private final class Connection {
        let low: Address, high: Address
        var lastDue: [UInt64] = [0, 0]
        /// After the end of the connection: what is due later is lost.
        var cutoff: [UInt64] = [.max, .max]
        init(_ low: Address, _ high: Address) {
            self.low = low
            self.high = high
        }
        func direction(from: Address) -> Int { from == low ? 0 : 1 }
    }
    private struct Pair: Hashable {
        let low: Address, high: Address
        init(_ a: Address, _ b: Address) { (low, high) = a.precedes(b) ? (a, b) : (b, a) }
        func precedes(_ other: Pair) -> Bool { low == other.low ? high.precedes(other.high) : low.precedes(other.low) }
    }

    private unowned let world: SimulatedWorld
    private var connections: [Pair: Connection] = [:]
    private var random: SeededGenerator
    private(set) var losses: Losses
    private(set) var frames = 0

    init(_ world: SimulatedWorld, _ random: SeededGenerator, losing frame: Int?) {
        self.world = world
        self.random = random
        losses = Losses(world, only: frame)
    }

    private func latency() -> UInt64 {
        random.next(in: 0...99) < 3
            ? random.next(in: 0...SimulationLimits.slowLatencyNS) : random.next(in: 1_000...SimulationLimits.latencyNS)
    }

    func send(_ message: Message, from: Address, to: Address) {
        let wire = message.wire
        let kind = type(of: wire).kind, body = wire.body
        frames += 1
        guard world.isServed(to) else {
            return world.after(latency()) { [world] in world.disconnected(to, at: from) }
        }
        let pair = Pair(from, to)
        let connection = connections[pair] ?? Connection(pair.low, pair.high)
        connections[pair] = connection
        if world.hasFaults, mayBreak(pair), losses.strikes(kind, world) {
            return end(pair, telling: [pair.low, pair.high])
        }
        transmit(kind, body, from, to, connection)
        if world.hasFaults, random.next(in: 0...99) < 3 {
            world.sometimes(.frameDuplicated)
            transmit(kind, body, from, to, connection)
        }
    }

    /// The two will hear of each other's end, also when no frame has passed.
    func connect(_ a: Address, _ b: Address) {
        let pair = Pair(a, b)
        if connections[pair] == nil { connections[pair] = Connection(pair.low, pair.high) }
    }

    private func transmit(_ kind: UInt8, _ body: [UInt8], _ from: Address, _ to: Address, _ connection: Connection) {
        let direction = connection.direction(from: from)
        let due = max(world.now + latency(), connection.lastDue[direction])
        connection.lastDue[direction] = due
        world.at(due) { [world] in
            guard due <= connection.cutoff[direction] else { return }
            world.deliver(kind, body, from: from, to: to)
        }
    }

    /// The process is gone: its peers hear of it behind the last frame that reaches them.
    func closeAll(of address: Address) {
        for pair in connections.keys.filter({ $0.low == address || $0.high == address }).sorted(by: { $0.precedes($1) }) {
            let peer = pair.low == address ? pair.high : pair.low
            end(pair, telling: [peer])
        }
    }

    /// The driver, its raylet and the GCS are one process.
    private func mayBreak(_ pair: Pair) -> Bool {
        let sides = [pair.low, pair.high]
        guard sides.contains(world.driverAddress) else { return pair.low != pair.high }
        return pair.low != pair.high && !sides.contains { $0.isGCS || $0.isRaylet && $0.node == world.driverAddress.node }
    }

    /// A fault between two that live. They find each other again with the next frame.
    func breakOne() -> Bool {
        let open = connections.keys.filter(mayBreak).sorted { $0.precedes($1) }
        guard !open.isEmpty else { return false }
        let pair = open[Int(random.next(in: 0...UInt64(open.count - 1)))]
        end(pair, telling: [pair.low, pair.high])
        return true
    }

    private func end(_ pair: Pair, telling sides: [Address]) {
        if sides.count > 1 { world.hasLost = true }
        guard let connection = connections.removeValue(forKey: pair) else { return }
        for side in sides {
            let peer = side == pair.low ? pair.high : pair.low
            let direction = connection.direction(from: peer)
            let cutoff = world.now + random.next(in: 0...SimulationLimits.latencyNS)
            connection.cutoff[direction] = cutoff
            world.at(cutoff) { [world] in world.disconnected(peer, at: side) }
        }
        for side in [pair.low, pair.high] where !sides.contains(side) {
            connection.cutoff[connection.direction(from: side == pair.low ? pair.high : pair.low)] = 0
        }
    }
}

extension Address {
    func precedes(_ other: Address) -> Bool { (node, entity) < (other.node, other.entity) }
}
