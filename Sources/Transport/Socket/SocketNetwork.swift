import Glibc
import NIOCore
import NIOPosix
package import RayflowCore

/// The network of real processes: unix sockets on the process's loop.
///
/// A process listens at a path, dials others on demand, or takes one end of a socket pair over. Peers announce the addresses that they
/// serve; frames to other addresses go where `route` says. Every call is made on the loop.
package final class SocketNetwork: Network, @unchecked Sendable {
    package let loop: Loop
    package let identity: Identity
    /// The socket path of an address that no peer has announced; nil when it cannot be reached.
    private let route: @Sendable (Address) -> String?
    let handshakeTime: Duration

    private let endpoints: Endpoints
    private var gate: FaultGate?
    private var observer: (@Sendable (LinkEvent) -> Void)?
    private var listener: (channel: (any Channel)?, path: String)?
    private var isClosed = false

    /// Where frames go: a connection being made, or the primary one of the peer that announced the address.
    private var routes: [Address: Connection] = [:]
    private var peers: [UInt64: Peer] = [:]
    private var dialed: [String: Connection] = [:]
    private var connections: [ObjectIdentifier: Connection] = [:]
    private var dirty: [Connection] = []

    package init(
        loop: Loop, identity: Identity, handshakeTime: Duration = TransportLimits.handshakeTime,
        route: @escaping @Sendable (Address) -> String? = { _ in nil }
    ) {
        self.loop = loop
        self.identity = identity
        self.handshakeTime = handshakeTime
        self.route = route
        endpoints = Endpoints(loop: loop)
        endpoints.onFlush { [unowned self] in flush() }
    }

    /// Events of connections, on the loop.
    package func observe(_ observer: @escaping @Sendable (LinkEvent) -> Void) { self.observer = observer }

    /// Lets faults happen to what this process sends from now on. For tests.
    package func inject(_ injector: FaultInjector?) {
        gate = injector.map { FaultGate(loop: loop, injector: $0) }
    }

    package var turnStatistics: TurnStatistics { endpoints.statistics }

    /// Addresses that peers have announced, for the admin protocol.
    package var reachable: [Address] { peers.values.flatMap(\.addresses) }

    // MARK: endpoints

    package func attach(_ address: Address, handler: any FrameHandler) {
        loop.assertInLoop()
        endpoints.attach(address, handler)
        tellPeers(.announce, address)
    }

    package func detach(_ address: Address) {
        loop.assertInLoop()
        if endpoints.detach(address) { tellPeers(.withdraw, address) }
    }

    private func tellPeers(_ kind: ControlKind, _ address: Address) {
        var writer = ByteWriter()
        writer.addresses([address])
        for peer in peers.values { peer.primary.control(kind, writer.bytes) }
    }

    // MARK: sending

    package func send(kind: UInt8, body: [UInt8], payload: UnsafeRawBufferPointer, from: Address, to: Address) {
        loop.assertInLoop()
        guard gate != nil else { return transmit(kind: kind, body: body, payload: payload, from: from, to: to) }
        pass(Frame(kind: kind, from: from, to: to, body: (body + payload)[...]))
    }

    private func pass(_ frame: Frame) {
        gate?.pass(frame, sever: { [weak self] in self?.sever($0) }) { [weak self] frame, flip in
            self?.transmit(
                kind: frame.kind, body: Array(frame.body), payload: UnsafeRawBufferPointer(start: nil, count: 0), from: frame.from,
                to: frame.to, flip: flip)
        }
    }

    private func transmit(kind: UInt8, body: [UInt8], payload: UnsafeRawBufferPointer, from: Address, to: Address, flip: UInt64? = nil) {
        if let connection = routes[to] {
            connection.enqueue(kind: kind, body: body, payload: payload, from: from, to: to, flip: flip)
        } else if endpoints.serves(to) {
            endpoints.enqueue(Frame(kind: kind, from: from, to: to, body: (payload.isEmpty ? body : body + payload)[...]))
        } else if let connection = dial(to) {
            connection.enqueue(kind: kind, body: body, payload: payload, from: from, to: to, flip: flip)
        } else {
            endpoints.enqueueDisconnected(to)
        }
    }

    package func flush() {
        loop.assertInLoop()
        // Flushing may find a peer gone, but that is put off to a later turn: nothing is added meanwhile.
        for connection in dirty { connection.flush() }
        dirty.removeAll(keepingCapacity: true)
    }

    func needsFlush(_ connection: Connection) {
        dirty.append(connection)
        endpoints.scheduleTurn()
    }

    private func sever(_ address: Address) { routes[address]?.end("disconnected by a fault") }

    // MARK: connections

    /// Serves connections at `path`, whose folder is made with mode 0700 or must have it. Once it returns, others can dial.
    package func listen(path: String) throws(TransportFault) {
        loop.assertInLoop()
        precondition(listener == nil, "one listener a process")
        let descriptor = try SocketPath.listen(at: path)
        listener = (nil, path)
        ServerBootstrap(group: loop.eventLoop)
            .serverChannelOption(.maxMessagesPerRead, value: 64)
            .childChannelInitializer { [self] channel in prepare(channel, Connection(.accepted, of: self)) }
            .childChannelOption(.recvAllocator, value: Self.readSizes)
            .childChannelOption(.maxMessagesPerRead, value: Self.readsPerTurn)
            .withBoundSocket(descriptor)
            .assumeIsolated()
            .whenComplete { [self] result in
                switch result {
                case .success(let channel):
                    listener?.channel = channel
                    if isClosed { channel.close(promise: nil) }
                case .failure(let error): report(.unreachable(path: path, why: "\(error)"))
                }
            }
    }

    /// Takes over one end of a connected socket pair: the way between a process and the children that it spawns.
    package func adopt(descriptor: CInt) {
        loop.assertInLoop()
        let connection = Connection(.adopted, of: self)
        bootstrap(connection).withConnectedSocket(descriptor).assumeIsolated().whenFailure { [self] error in
            failed(connection, at: "descriptor \(descriptor)", "\(error)")
        }
    }

    /// Makes a connection without having anything to send. ``observe(_:)`` tells how it went.
    package func connect(path: String) {
        loop.assertInLoop()
        if dialed[path] == nil { _ = dial(path: path) }
    }

    /// Says nothing to the handlers; frames not sent are lost. The socket's path is removed.
    package func close() {
        loop.assertInLoop()
        isClosed = true
        flush()
        endpoints.detachAll()
        if let listener {
            listener.channel?.close(promise: nil)
            unlink(listener.path)
        }
        listener = nil
        for connection in connections.values { connection.close(why: nil) }
    }

    private func dial(_ address: Address) -> Connection? {
        guard !isClosed, address != .link, let path = route(address) else { return nil }
        guard let known = dialed[path] else {
            let connection = dial(path: path)
            want(address, from: connection)
            return connection
        }
        // An established peer has announced all that it serves.
        guard known.state == .opening else { return nil }
        want(address, from: known)
        return known
    }

    private func want(_ address: Address, from connection: Connection) {
        connection.wanted.insert(address)
        routes[address] = connection
    }

    private func dial(path: String) -> Connection {
        let connection = Connection(.dialed(path: path), of: self)
        dialed[path] = connection
        bootstrap(connection).connect(unixDomainSocketPath: path).assumeIsolated().whenFailure { [self] error in
            failed(connection, at: path, "\(error)")
        }
        return connection
    }

    /// On a later turn: a connect may fail inside of the send that asked for it.
    private func failed(_ connection: Connection, at path: String, _ why: String) {
        loop.execute { [self] in
            guard connection.state != .closed else { return }
            connection.whyClosed = why
            report(.unreachable(path: path, why: why))
            connectionClosed(connection)
        }
    }

    private func bootstrap(_ connection: Connection) -> ClientBootstrap {
        ClientBootstrap(group: loop.eventLoop)
            .channelOption(.recvAllocator, value: Self.readSizes)
            .channelOption(.maxMessagesPerRead, value: Self.readsPerTurn)
            .channelInitializer { [self] channel in prepare(channel, connection) }
    }

    private func prepare(_ channel: any Channel, _ connection: Connection) -> EventLoopFuture<Void> {
        connections[ObjectIdentifier(connection)] = connection
        return channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(connection) }
    }

    private static let readSizes = AdaptiveRecvByteBufferAllocator(minimum: 4 << 10, initial: 16 << 10, maximum: 256 << 10)
    private static let readsPerTurn: UInt = 8

    // MARK: what connections report

    var hello: Hello { Hello(identity: identity, addresses: endpoints.addresses) }

    func report(_ event: LinkEvent) { observer?(event) }

    func deliver(_ frame: Frame) { endpoints.deliver(frame) }

    /// An address belongs to one living process.
    func conflict(_ hello: Hello, of connection: Connection) -> Refusal? {
        if let expected = connection.peer?.instance, expected != hello.identity.instance {
            return Refusal(.addressInUse, "another process is known under the address that was dialed")
        }
        for address in hello.addresses {
            let owner = routes[address]?.peer?.instance
            let isTaken = endpoints.serves(address) || owner.map { $0 != hello.identity.instance } ?? false
            if isTaken || address == .link { return Refusal(.addressInUse, "\(address) is served by another process") }
        }
        return nil
    }

    func establish(_ connection: Connection, _ hello: Hello) {
        let instance = hello.identity.instance
        let peer: Peer
        if let expected = connection.peer {
            peer = expected
        } else if let known = peers[instance] {
            peer = known
            peer.others.append(connection)
        } else {
            peer = Peer(instance: instance, primary: connection)
            peers[instance] = peer
        }
        connection.peer = peer
        settle(connection, announced: hello.addresses)
        assign(hello.addresses, to: peer)
        report(.established(hello))
    }

    /// What waited for this connection goes to the peer, or fails when the peer does not serve it.
    private func settle(_ connection: Connection, announced: [Address]) {
        guard let peer = connection.peer else { return }
        for address in connection.wanted.subtracting(announced).subtracting(peer.addresses) where routes[address] === connection {
            routes[address] = nil
            endpoints.enqueueDisconnected(address)
        }
        connection.wanted = []
        if connection !== peer.primary { peer.primary.takeWaiting(from: connection) }
        needsFlush(peer.primary)
    }

    private func assign(_ addresses: [Address], to peer: Peer) {
        peer.addresses.formUnion(addresses)
        for address in addresses {
            if let waiting = routes[address], waiting.state == .opening, waiting.peer == nil, waiting.wanted.isSubset(of: peer.addresses) {
                // Both dialed at once: the first to be established carries what waits, the other will be read only.
                for address in waiting.wanted { routes[address] = peer.primary }
                waiting.wanted = []
                peer.primary.takeWaiting(from: waiting)
                waiting.peer = peer
                peer.others.append(waiting)
            }
            if routes[address]?.state != .opening { routes[address] = peer.primary }
        }
    }

    func announced(_ addresses: [Address], by connection: Connection) throws(Refusal) {
        guard let peer = connection.peer, let hello = connection.hello else { return }
        if let refusal = conflict(Hello(identity: hello.identity, addresses: addresses), of: connection) { throw refusal }
        guard peer.addresses.union(addresses).count <= TransportLimits.announcedAddresses else {
            throw Refusal(.malformed, "a peer announces too many addresses")
        }
        assign(addresses, to: peer)
    }

    func withdrawn(_ addresses: [Address], by connection: Connection) {
        guard let peer = connection.peer else { return }
        for address in addresses where peer.addresses.remove(address) != nil {
            routes[address] = nil
            endpoints.deliverDisconnected(address)
        }
    }

    func connectionClosed(_ connection: Connection) {
        guard connection.state != .closed else { return }
        connection.state = .closed
        connections[ObjectIdentifier(connection)] = nil
        if case .dialed(let path) = connection.origin, dialed[path] === connection { dialed[path] = nil }
        var lost = connection.wanted
        if let peer = connection.peer { lost.formUnion(part(connection, from: peer)) }
        if let hello = connection.hello { report(.closed(hello, why: connection.whyClosed)) }
        connection.peer = nil
        let ordered = lost.sorted { ($0.node, $0.entity) < ($1.node, $1.entity) }
        for address in ordered where routes[address] === connection { routes[address] = nil }
        for address in ordered { endpoints.deliverDisconnected(address) }
    }

    /// The addresses that are gone with this connection: all when it was the peer's last. Otherwise the remaining ones are read to their
    /// end before the peer counts as disconnected, so that nothing which it sent is delivered afterwards.
    private func part(_ connection: Connection, from peer: Peer) -> Set<Address> {
        peer.others.removeAll { $0 === connection }
        if peer.primary === connection {
            guard !peer.others.isEmpty else {
                peers[peer.instance] = nil
                return peer.addresses
            }
            peer.primary = peer.others.removeFirst()
            for address in peer.addresses where routes[address] === connection { routes[address] = peer.primary }
        }
        // A second connection that never came about means nothing.
        if connection.hello != nil { for remaining in [peer.primary] + peer.others { remaining.dieOff() } }
        return []
    }
}
