import RayflowCore

/// The local side of every network: who answers to which address, the queue of local frames, and the turn.
///
/// Confined to the loop.
final class Endpoints: @unchecked Sendable {
    private final class Slot {
        let address: Address
        let handler: any FrameHandler
        var isTouched = false
        init(_ address: Address, _ handler: any FrameHandler) {
            self.address = address
            self.handler = handler
        }
    }

    private enum Event {
        case frame(Frame)
        case disconnected(Address)
    }

    private let loop: Loop
    private var slots: [Address: Slot] = [:]
    private var queue: [Event] = []
    private var touched: [Slot] = []
    /// Most batches are for one endpoint.
    private var last: Slot?
    private var turnBegan: UInt64?
    private var runTurn: @Sendable () -> Void = {}
    private var flushTurn: () -> Void = {}
    private(set) var statistics = TurnStatistics()
    /// Frames that came for an address after it was detached.
    private(set) var undeliverable: UInt64 = 0

    init(loop: Loop) {
        self.loop = loop
        runTurn = { [weak self] in self?.turn() }
    }

    func onFlush(_ body: @escaping () -> Void) { flushTurn = body }

    var addresses: [Address] { slots.keys.sorted { ($0.node, $0.entity) < ($1.node, $1.entity) } }

    func serves(_ address: Address) -> Bool { slots[address] != nil }

    func attach(_ address: Address, _ handler: any FrameHandler) {
        precondition(address != .link, "the transport's own address")
        precondition(slots[address] == nil, "\(address) is attached already")
        precondition(slots.count < TransportLimits.announcedAddresses, "more endpoints than one process may announce")
        slots[address] = Slot(address, handler)
    }

    /// False when nobody was attached.
    func detach(_ address: Address) -> Bool {
        last = nil
        return slots.removeValue(forKey: address) != nil
    }

    func detachAll() {
        last = nil
        slots = [:]
        queue = []
        touched = []
    }

    /// A frame from another process, delivered at once.
    func deliver(_ frame: Frame) {
        guard let handler = touch(frame.to) else {
            undeliverable += 1
            return
        }
        handler.receive(kind: frame.kind, body: frame.body, from: frame.from)
    }

    /// The end of another process, delivered at once to all.
    func deliverDisconnected(_ peer: Address) {
        for address in addresses { touch(address)?.disconnected(peer) }
    }

    /// Delivered at the end of this turn, behind what was enqueued before.
    func enqueue(_ frame: Frame) {
        queue.append(.frame(frame))
        scheduleTurn()
    }

    func enqueueDisconnected(_ peer: Address) {
        queue.append(.disconnected(peer))
        scheduleTurn()
    }

    /// The turn ends when the loop has run what it has at hand: its reads, for one.
    func scheduleTurn() {
        guard turnBegan == nil else { return }
        turnBegan = loop.now
        loop.execute(runTurn)
    }

    /// Local frames, then the handlers' last word, then one flush. What these send locally makes another turn.
    private func turn() {
        let began = turnBegan ?? loop.now
        let events = queue
        queue.removeAll(keepingCapacity: events.isEmpty)
        for event in events {
            switch event {
            case .frame(let frame):
                // Detached since: the sender learns what a remote one would.
                if serves(frame.to) { deliver(frame) } else { queue.append(.disconnected(frame.to)) }
            case .disconnected(let peer): deliverDisconnected(peer)
            }
        }
        while !touched.isEmpty {
            let batch = touched
            touched.removeAll()
            for slot in batch {
                slot.isTouched = false
                slot.handler.turnEnded()
            }
        }
        flushTurn()
        turnBegan = nil
        let end = loop.now
        statistics.add(nanoseconds: end - began)
        if !queue.isEmpty { scheduleTurn() }
    }

    /// The handler for an address, noted for the end of the turn; nil when nobody answers to it.
    private func touch(_ address: Address) -> (any FrameHandler)? {
        let slot: Slot
        if let last, last.address == address {
            slot = last
        } else {
            guard let found = slots[address] else { return nil }
            slot = found
            last = found
        }
        if !slot.isTouched {
            slot.isTouched = true
            touched.append(slot)
            scheduleTurn()
        }
        return slot.handler
    }
}
