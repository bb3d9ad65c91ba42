import NIOCore
package import RayflowCore

/// One simulated process on a ``MemoryHub``: same envelope, same order, same turns as a ``SocketNetwork``, without descriptors.
package final class MemoryNetwork: Network, @unchecked Sendable {
    package let loop: Loop
    /// Unique on the hub, from 0 in the order of creation.
    package let number: Int
    private let hub: MemoryHub
    private let endpoints: Endpoints
    private var gate: FaultGate?
    private var isDead = false
    /// Networks whose connections to this one are broken, until it has heard of that.
    private var deaf: Set<Int> = []
    /// Encoded frames of this turn, in the order in which their targets were first met.
    private var outgoing: [(target: MemoryNetwork, bytes: ByteBuffer)] = []
    /// Payload bytes that this process has sent to others, for tests that count copies.
    package private(set) var bytesSent = 0

    /// Use ``MemoryHub/network(on:)``.
    init(hub: MemoryHub, loop: Loop, number: Int, injector: FaultInjector?) {
        self.hub = hub
        self.loop = loop
        self.number = number
        endpoints = Endpoints(loop: loop)
        gate = injector.map { FaultGate(loop: loop, injector: $0) }
        endpoints.onFlush { [unowned self] in flush() }
    }

    package var turnStatistics: TurnStatistics { endpoints.statistics }

    /// Replaces the faults that the hub gave to this process; nil: none from now on.
    package func inject(_ injector: FaultInjector?) {
        gate = injector.map { FaultGate(loop: loop, injector: $0) }
    }

    package func attach(_ address: Address, handler: any FrameHandler) {
        loop.assertInLoop()
        guard !isDead else { return }
        endpoints.attach(address, handler)
        hub.register(address, self)
    }

    package func detach(_ address: Address) {
        loop.assertInLoop()
        flush()
        if endpoints.detach(address) { hub.withdraw([address], of: self) }
    }

    package func send(kind: UInt8, body: [UInt8], payload: UnsafeRawBufferPointer, from: Address, to: Address) {
        loop.assertInLoop()
        guard !isDead else { return }
        let frame = Frame(kind: kind, from: from, to: to, body: (payload.isEmpty ? body : body + payload)[...])
        guard let gate else { return transmit(frame) }
        gate.pass(frame, sever: { [weak self] in self?.sever($0) }) { [weak self] in self?.transmit($0, flip: $1) }
    }

    package func flush() {
        loop.assertInLoop()
        let batches = outgoing
        outgoing = []
        for (target, bytes) in batches where !isDead { hub.carry(bytes, from: self, to: target) }
    }

    /// The process ends: what it has sent arrives, then its peers see it disconnected.
    package func close() {
        loop.assertInLoop()
        flush()
        hub.kill(self)
    }

    private func transmit(_ frame: Frame, flip: UInt64? = nil) {
        guard !isDead else { return }
        if endpoints.serves(frame.to) { return endpoints.enqueue(frame) }
        guard let target = hub.link(self, to: frame.to) else { return endpoints.enqueueDisconnected(frame.to) }
        bytesSent += frame.body.count
        endpoints.scheduleTurn()
        let index = outgoing.firstIndex { $0.target === target } ?? outgoing.endIndex
        if index == outgoing.endIndex { outgoing.append((target, ByteBuffer())) }
        let start = outgoing[index].bytes.writerIndex
        outgoing[index].bytes.writeFrame(kind: frame.kind, from: frame.from, to: frame.to, body: Array(frame.body))
        if let flip { outgoing[index].bytes.flip(flip, ofFrameAt: start) }
    }

    private func sever(_ address: Address) {
        guard let target = hub.link(self, to: address), target !== self else { return }
        outgoing.removeAll { $0.target === target }
        hub.sever(self, target)
    }

    // MARK: from the hub, on this network's loop

    func receive(_ bytes: ByteBuffer, from source: MemoryNetwork) {
        guard !isDead, !deaf.contains(source.number) else { return }
        var decoder = FrameDecoder()
        bytes.withUnsafeReadableBytes { decoder.append($0) }
        // Bytes that no encoder wrote are the end of the connection, as on a socket.
        do throws(FrameFault) {
            while !isDead, let frame = try decoder.next() { endpoints.deliver(frame) }
        } catch {
            deaf.insert(source.number)
            if !hub.sever(self, source) { deaf.remove(source.number) }
        }
    }

    /// - Parameter source: whose connection broke while it lives; nil: it is gone.
    func disconnected(_ addresses: [Address], from source: MemoryNetwork? = nil) {
        if let source { deaf.remove(source.number) }
        guard !isDead else { return }
        for address in addresses { endpoints.deliverDisconnected(address) }
    }

    func die() {
        isDead = true
        outgoing = []
        endpoints.detachAll()
    }
}
