import NIOCore
import RayflowCore

/// One socket: cuts what is read into frames, gathers what is sent until the turn ends, and shakes hands first.
///
/// Decides nothing about routes: that is the network's. Confined to the loop.
final class Connection: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Origin: Equatable {
        case dialed(path: String)
        case accepted
        case adopted
    }

    enum State {
        /// Not established: frames wait in `pending`.
        case opening
        case established
        /// Another connection of the same peer broke: what still comes is delivered, what is sent is lost.
        case dying
        case closed
    }

    let origin: Origin
    let network: SocketNetwork
    var state = State.opening
    /// Set when established.
    var hello: Hello?
    /// Set when established, or before: when another connection has shown who will answer here.
    var peer: Peer?
    /// Addresses for which frames wait here until the handshake shows whether the peer serves them.
    var wanted: Set<Address> = []
    var whyClosed: String?

    private var context: ChannelHandlerContext?
    private var decoder = FrameDecoder()
    private var pending = ByteBuffer()
    private var isDirty = false
    private var isWriting = false
    /// Something came while writing and is dealt with on a later turn.
    private var hasPutOff = false
    private var isInactive = false
    /// To die off as soon as the handshake is through.
    private var isDoomed = false
    private var handshakeTimer: Timer?

    init(_ origin: Origin, of network: SocketNetwork) {
        self.origin = origin
        self.network = network
    }

    /// An acceptor shows its token only to those who know it.
    private var speaksFirst: Bool { origin != .accepted }

    // MARK: sending

    func enqueue(kind: UInt8, body: [UInt8], payload: UnsafeRawBufferPointer, from: Address, to: Address, flip: UInt64? = nil) {
        guard state == .established || state == .opening, !isDoomed else { return }
        let start = pending.writerIndex
        pending.writeFrame(kind: kind, from: from, to: to, body: body, payload: payload)
        if let flip { pending.flip(flip, ofFrameAt: start) }
        gathered()
    }

    func control(_ kind: ControlKind, _ body: [UInt8]) {
        enqueue(kind: kind.rawValue, body: body, payload: UnsafeRawBufferPointer(start: nil, count: 0), from: .link, to: .link)
    }

    /// Takes over the frames that wait in `other`, which has sent none.
    func takeWaiting(from other: Connection) {
        guard other.pending.readableBytes > 0 else { return }
        pending.writeBuffer(&other.pending)
        other.pending = ByteBuffer()
        gathered()
    }

    func flush() {
        isDirty = false
        guard state == .established, let context, pending.readableBytes > 0 else { return }
        write(pending, in: context)
        if pending.capacity > TransportLimits.keptBufferBytes {
            pending = ByteBuffer()
        } else {
            pending.clear()
        }
        if !context.channel.isWritable { checkBacklog(context.channel) }
    }

    private func gathered() {
        if !isDirty {
            isDirty = true
            network.needsFlush(self)
        }
        if pending.readableBytes >= TransportLimits.turnBytes { flush() }
        if pending.readableBytes > TransportLimits.backlogBytes { end("too many bytes wait for a connection") }
    }

    private func checkBacklog(_ channel: any Channel) {
        let unsent = (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        if unsent > TransportLimits.backlogBytes { end("the peer does not read: \(unsent) bytes are unsent") }
    }

    // MARK: closing

    /// Closes on the next turn of the loop, never inside the caller's send.
    func end(_ why: String) {
        network.loop.execute { [self] in close(why: why) }
    }

    func close(why: String?) {
        whyClosed = whyClosed ?? why
        if let context {
            context.close(promise: nil)
        } else {
            network.connectionClosed(self)
        }
    }

    /// Nothing more is sent; the peer's end of it follows once its frames are read.
    func dieOff() {
        isDoomed = true
        pending = ByteBuffer()
        guard state == .established else { return }
        state = .dying
        context?.close(mode: .output, promise: nil)
    }

    private func refuse(_ refusal: Refusal) {
        guard let context, state == .opening else { return }
        state = .dying
        network.report(.refused(refusal, byPeer: false))
        whyClosed = refusal.text
        write(.refusal, refusal.encoded, in: context)
        context.close(promise: nil)
    }

    private func write(_ kind: ControlKind, _ body: [UInt8], in context: ChannelHandlerContext) {
        var frame = context.channel.allocator.buffer(capacity: FrameCodec.lengthBytes + FrameCodec.headerBytes + body.count)
        frame.writeFrame(kind: kind.rawValue, from: .link, to: .link, body: body)
        write(frame, in: context)
    }

    /// A write that finds the peer gone reads what is left and closes the channel before it returns. That is put off to a later turn, so
    /// that no handler is called inside of a send.
    private func write(_ buffer: ByteBuffer, in context: ChannelHandlerContext) {
        isWriting = true
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
        isWriting = false
        guard hasPutOff else { return }
        hasPutOff = false
        network.loop.execute { [self] in
            drain()
            if isInactive { network.connectionClosed(self) }
        }
    }

    // MARK: channel

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        if speaksFirst { write(.hello, network.hello.encoded, in: context) }
        if origin != .adopted {
            handshakeTimer = network.loop.scheduleTimer(after: network.handshakeTime) { [weak self] in
                self?.refuse(Refusal(.late, "no handshake in time"))
            }
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        unwrapInboundIn(data).withUnsafeReadableBytes { decoder.append($0) }
        if isWriting {
            hasPutOff = true
        } else {
            drain()
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { close(why: "\(error)") }

    func channelInactive(context: ChannelHandlerContext) {
        handshakeTimer?.cancel()
        isInactive = true
        if isWriting {
            hasPutOff = true
        } else if !hasPutOff {
            network.connectionClosed(self)
        }
    }

    /// Deals with the whole frames that have come.
    private func drain() {
        do {
            while state != .closed, let frame = try decoder.next() {
                if frame.to == .link {
                    try control(frame)
                } else if state == .opening {
                    throw Refusal(.malformed, "a frame before the handshake")
                } else if hello != nil {
                    network.deliver(frame)
                } else {
                    // Refused: its frames are none of ours.
                    return
                }
            }
        } catch let refusal as Refusal where state == .opening {
            refuse(refusal)
        } catch  where state == .opening {
            refuse(Refusal(.malformed, "\(error)"))
        } catch {
            close(why: "\(error)")
        }
    }

    // MARK: control frames

    private func control(_ frame: Frame) throws {
        switch (ControlKind(rawValue: frame.kind), state) {
        case (.hello, .opening):
            let hello = try Hello(decoding: frame.body)
            if let refusal = hello.refusal(by: network.identity) { throw refusal }
            if let refusal = network.conflict(hello, of: self) { throw refusal }
            handshakeTimer?.cancel()
            if !speaksFirst, let context { write(.hello, network.hello.encoded, in: context) }
            self.hello = hello
            state = .established
            network.establish(self, hello)
            if isDoomed { dieOff() }
        case (.refusal, .opening):
            let refusal = try Refusal(decoding: frame.body)
            state = .dying
            network.report(.refused(refusal, byPeer: true))
            close(why: refusal.text)
        case (.announce, .established), (.announce, .dying):
            try network.announced(try list(frame), by: self)
        case (.withdraw, .established), (.withdraw, .dying):
            network.withdrawn(try list(frame), by: self)
        case (nil, _), (.hello, _), (.refusal, _), (.announce, _), (.withdraw, _):
            throw Refusal(.malformed, "control frame \(frame.kind) out of place")
        }
    }

    private func list(_ frame: Frame) throws -> [Address] {
        var reader = ByteReader(frame.body)
        let addresses = try reader.addresses()
        try reader.finish()
        return addresses
    }
}
