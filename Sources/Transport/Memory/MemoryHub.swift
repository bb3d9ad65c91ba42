import NIOCore
package import RayflowCore
import Synchronization

/// Joins ``MemoryNetwork``s, which may live on different loops: the wire of simulated clusters and of the embedded mode's tests.
///
/// Frames between two networks arrive in the order in which they were sent, unless a fault says otherwise. Callable from any thread.
package final class MemoryHub: Sendable {
    private struct Pair: Hashable {
        let low: Int
        let high: Int
        init(_ a: MemoryNetwork, _ b: MemoryNetwork) {
            low = min(a.number, b.number)
            high = max(a.number, b.number)
        }
        func other(than number: Int) -> Int? { low == number ? high : high == number ? low : nil }
    }

    private struct State {
        var nextNumber = 0
        var alive: [Int: MemoryNetwork] = [:]
        var owners: [Address: MemoryNetwork] = [:]
        /// Pairs that have exchanged frames: what a socket's connection would be.
        var links: Set<Pair> = []
        var partitions: Set<Pair> = []
    }

    private let state = Mutex(State())
    private let injector: FaultInjector?

    /// - Parameter injector: each network gets it with a seed of its own.
    package init(injector: FaultInjector? = nil) { self.injector = injector }

    /// A new process on this hub.
    package func network(on loop: Loop) -> MemoryNetwork {
        state.withLock { state in
            let number = state.nextNumber
            state.nextNumber += 1
            let network = MemoryNetwork(hub: self, loop: loop, number: number, injector: injector?.derived(UInt64(number)))
            state.alive[number] = network
            return network
        }
    }

    /// Frames between the processes of these addresses vanish in both directions; neither side notices anything else.
    package func partition(_ a: Address, _ b: Address) { setPartition(a, b, true) }

    package func heal(_ a: Address, _ b: Address) { setPartition(a, b, false) }

    /// The process that serves this address dies at once: what it has not flushed is lost, its peers see all its addresses disconnected.
    package func kill(_ address: Address) {
        if let network = network(of: address) { kill(network) }
    }

    private func setPartition(_ a: Address, _ b: Address, _ isCut: Bool) {
        state.withLock { state in
            guard let first = state.owners[a], let second = state.owners[b], first !== second else { return }
            if isCut {
                state.partitions.insert(Pair(first, second))
            } else {
                state.partitions.remove(Pair(first, second))
            }
        }
    }

    // MARK: from networks

    func network(of address: Address) -> MemoryNetwork? { state.withLock { $0.owners[address] } }

    /// The network that serves `address`; from now on `source` learns when it ends.
    func link(_ source: MemoryNetwork, to address: Address) -> MemoryNetwork? {
        state.withLock { state in
            guard let target = state.owners[address] else { return nil }
            if target !== source { state.links.insert(Pair(source, target)) }
            return target
        }
    }

    func register(_ address: Address, _ network: MemoryNetwork) {
        state.withLock { state in
            guard state.alive[network.number] != nil else { return }
            precondition(state.owners[address] == nil, "\(address) is attached on network \(state.owners[address]?.number ?? -1) already")
            state.owners[address] = network
        }
    }

    // What follows is enqueued on the receivers' loops under the lock, so that frames and ends keep their order.

    func withdraw(_ addresses: [Address], of network: MemoryNetwork) {
        state.withLock { state in
            for address in addresses { state.owners[address] = nil }
            for peer in Self.peers(of: network, state) { peer.loop.execute { peer.disconnected(addresses) } }
        }
    }

    func carry(_ bytes: ByteBuffer, from source: MemoryNetwork, to target: MemoryNetwork) {
        state.withLock { state in
            guard state.alive[source.number] != nil, state.alive[target.number] != nil else { return }
            guard !state.partitions.contains(Pair(source, target)) else { return }
            target.loop.execute { target.receive(bytes, from: source) }
        }
    }

    func kill(_ network: MemoryNetwork) {
        state.withLock { state in
            guard state.alive.removeValue(forKey: network.number) != nil else { return }
            let addresses = Self.addresses(of: network, state)
            let peers = Self.peers(of: network, state)
            for address in addresses { state.owners[address] = nil }
            state.links = state.links.filter { $0.other(than: network.number) == nil }
            state.partitions = state.partitions.filter { $0.other(than: network.number) == nil }
            network.loop.execute { network.die() }
            for peer in peers { peer.loop.execute { peer.disconnected(addresses) } }
        }
    }

    /// - Returns: false when they had no connection.
    @discardableResult
    func sever(_ a: MemoryNetwork, _ b: MemoryNetwork) -> Bool {
        state.withLock { state in
            guard state.links.remove(Pair(a, b)) != nil else { return false }
            let (ofA, ofB) = (Self.addresses(of: a, state), Self.addresses(of: b, state))
            a.loop.execute { a.disconnected(ofB, from: b) }
            b.loop.execute { b.disconnected(ofA, from: a) }
            return true
        }
    }

    private static func addresses(of network: MemoryNetwork, _ state: State) -> [Address] {
        state.owners.filter { $0.value === network }.map(\.key).sorted { ($0.node, $0.entity) < ($1.node, $1.entity) }
    }

    private static func peers(of network: MemoryNetwork, _ state: State) -> [MemoryNetwork] {
        state.links.compactMap { $0.other(than: network.number) }.sorted().compactMap { state.alive[$0] }
    }
}
