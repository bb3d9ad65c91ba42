import Ownership
import Rayflow
import RayflowCore

/// The shell of a simulated driver or worker: its side of ownership, its waiters, its timers.
final class SimulatedProcess {
    enum Reason { case ready, timeout, cancelled }
    private struct Waiter { let token: UInt64, body: () -> Void }

    let address: Address
    unowned let world: SimulatedWorld
    private(set) var owner: OwnerInstance
    private(set) var isAlive = true
    var executor: SimulatedExecutor?
    private var outbox: [OwnerDirective] = []
    private var isDraining = false
    private var waiters: [ObjectID: [Waiter]] = [:]
    private var nextToken: UInt64 = 1
    private var nextNumber: UInt64 = 1
    private var lookups: [UInt64: (ActorID?) -> Void] = [:]

    init(_ address: Address, _ world: SimulatedWorld) {
        self.address = address
        self.world = world
        owner = OwnerInstance(address: address, raylet: .raylet(of: address.nodeID), epoch: 1, isDurable: false)
    }

    var node: NodeID { address.nodeID }

    func die() {
        isAlive = false
        outbox = []
        waiters = [:]
        lookups = [:]
        executor?.die()
    }

    /// Unique in the simulation.
    func newNumber() -> UInt64 {
        defer { nextNumber += 1 }
        return address.entity &* 0x9E37_79B9_7F4A_7C15 &+ nextNumber &* 0xBF58_476D_1CE4_E5B9 | 1
    }

    // MARK: The Instance

    @discardableResult
    func step<T>(_ body: (inout OwnerInstance, UInt64, inout [OwnerDirective]) -> T) -> T {
        let value = body(&owner, world.now, &outbox)
        drain()
        return value
    }

    private func drain() {
        guard !isDraining, isAlive else { return }
        isDraining = true
        while !outbox.isEmpty {
            let directives = outbox
            outbox = []
            for directive in directives where isAlive { carryOut(directive) }
        }
        isDraining = false
    }

    private func carryOut(_ directive: OwnerDirective) {
        switch directive {
        case .send(let message, let to): world.network.send(message, from: address, to: to)
        case .ready(let id): for waiter in waiters.removeValue(forKey: id) ?? [] { waiter.body() }
        case .startTimer(let timer, let delay):
            after(delay) { [self] in step { $0.timerFired(timer, now: $1, into: &$2) } }
        case .taskChanged(let change): world.ledger.changed(change, owner: address)
        case .mayReply(let ticket): executor?.mayReply(ticket)
        case .journal, .journalThenPush, .persist, .load: world.ledger.fault("\(address) asks for a journal that this run does not have")
        }
    }

    func after(_ delay: UInt64, _ body: @escaping () -> Void) {
        world.after(delay) { [weak self] in if self?.isAlive == true { body() } }
    }

    func send(_ message: Message, to: Address) { if isAlive { world.network.send(message, from: address, to: to) } }

    func receive(_ message: Message, from: Address) {
        switch message {
        case .pushTask(let m): executor?.push(m, from: from)
        case .cancelTask(let m): executor?.cancel(m)
        case .endActor(let m): executor?.endActor(m)
        case .actorExitSeen(let m): executor?.exitSeen(m, from: from)
        case .shutdownWorker: world.kill(address, isIdle: true)
        case .lookupReply(let m): lookups.removeValue(forKey: m.request)?(m.actor)
        default:
            if case .leaseSpillback = message { world.sometimes(.spilledBack) }
            if case .leaseLost = message { world.sometimes(.leaseLost) }
            if case .tasksReturned = message { world.sometimes(.tasksReturned) }
            step { $0.receive(message, from: from, now: $1, into: &$2) }
        }
    }

    func disconnected(_ peer: Address) {
        step { $0.connectionLost(peer, now: $1, into: &$2) }
        executor?.disconnected(peer)
    }

    func lookup(_ name: String, _ body: @escaping (ActorID?) -> Void) {
        let request = newNumber()
        lookups[request] = body
        ask(request, name)
    }

    /// Again and again, until it is answered.
    private func ask(_ request: UInt64, _ name: String) {
        send(.lookupActor(LookupActor(request: request, name: name, namespace: "")), to: .gcs)
        after(RuntimeLimits.gcsResendNS) { [self] in
            guard lookups[request] != nil else { return }
            world.sometimes(.gcsAskedAgain)
            ask(request, name)
        }
    }

    /// A body leaves a ref in the state of its actor or in a global: for a while.
    func keep(_ id: ObjectID, forNS delay: UInt64) {
        after(delay) { [self] in step { $0.release(id, into: &$2) } }
    }

    /// What somebody here waits for, for reports.
    var waitsFor: [String] {
        waiters.keys.sorted()
            .map { "\(address) waits for \($0) of \(owner.owner(of: $0))\(owner.knows($0) ? "" : ", which it does not know")" }
    }

    // MARK: Waiting

    /// Calls `body` once, when that many of the objects are finished or the time is over. `cancel` of the result ends it early.
    func wait(_ ids: [ObjectID], count: Int, timeoutNS: UInt64? = nil, _ body: @escaping (Reason) -> Void) -> SimulatedWait {
        let wait = SimulatedWait(body)
        let pending = ids.filter { owner.state(of: $0) == nil }
        var missing = count - (ids.count - pending.count)
        if missing <= 0 {
            wait.end(.ready)
            return wait
        }
        executor?.beginWaiting()
        wait.onEnd = { [weak self] in self?.executor?.endWaiting() }
        for id in pending {
            let token = nextToken
            nextToken += 1
            waiters[id, default: []].append(
                Waiter(token: token) {
                    missing -= 1
                    if missing == 0 { wait.end(.ready) }
                })
            step { $0.watch(id, into: &$2) }
        }
        if let timeoutNS { after(timeoutNS) { wait.end(.timeout) } }
        return wait
    }

    /// The content of a finished object: what it is, or nil for one that is lost and cannot be made again.
    ///
    /// - Parameter onLoss: called when it is lost and `body` waits for it to be made again.
    func open(
        _ id: ObjectID, _ state: ObjectState, of source: Address, onLoss: @escaping () -> Void = {},
        _ body: @escaping (EnclosedPayload?) -> Void
    ) {
        switch state {
        case .inline(let enclosed): body(enclosed)
        case .failed(let error):
            if error.code == .ownerDied { world.sometimes(.ownerDied) }
            body(nil)
        case .stored(let nodes, _, let refs, let origins):
            guard let raylet = world.raylets[node] else { return body(nil) }
            let seen = source == address ? self.owner.recoveries : 0
            raylet.open(id, from: nodes, owner: source) { [weak self] isThere in
                guard let self, isAlive else { return }
                if isThere { return body(EnclosedPayload(Payload(type: "simulated", bytes: [], refs: refs), origins: origins)) }
                onLoss()
                step { owner, _, out in
                    owner.borrow(id, RefOrigin(owner: source, lineage: .none))
                    owner.lose(id, on: nodes, seen: seen, into: &out)
                }
                _ = wait([id], count: 1) { [weak self] _ in
                    guard let self, isAlive, let state = self.owner.state(of: id) else { return }
                    open(id, state, of: self.owner.owner(of: id)) { [weak self] enclosed in
                        body(enclosed)
                        self?.step { $0.release(id, into: &$2) }
                    }
                }
            }
        }
    }
}

/// One wait, which ends once.
final class SimulatedWait {
    private var body: ((SimulatedProcess.Reason) -> Void)?
    var onEnd: (() -> Void)?

    init(_ body: @escaping (SimulatedProcess.Reason) -> Void) { self.body = body }

    func end(_ reason: SimulatedProcess.Reason) {
        guard let body else { return }
        self.body = nil
        onEnd?()
        onEnd = nil
        body(reason)
    }
}
