import GCS
import Ownership
import Raylet
import RayflowCore
import Transport

/// One seed: the clock, what is to happen, who lives, and the faults.
final class SimulatedWorld {
    let seed: UInt64
    let job = JobID(1)
    private(set) var now: UInt64 = 0
    private(set) var network: SimulatedNetwork!
    private(set) var ledger: Ledger!
    private(set) var gcs: SimulatedGCS!
    private(set) var raylets: [NodeID: SimulatedRaylet] = [:]
    private(set) var processes: [Address: SimulatedProcess] = [:]
    private(set) var hasFaults: Bool
    private var heap = EventHeap()
    private var random: SeededGenerator
    private var events = 0
    private var digest: UInt64 = 0xcbf2_9ce4_8422_2325
    private var probes: [String: Int] = [:]
    private var trace: [Event] = []
    private var submissionsLeft = SimulationLimits.submissions
    private var actorsLeft = SimulationLimits.actors
    private var crashesLeft: Int
    private var nodeCrashesLeft: Int
    private var driver: SimulatedProcess!
    private var isDriverDone = false
    /// Copies stay until the job ends: their owner has gone, or nobody has heard that they were made.
    var hasLost = false

    enum Event {
        case frame(at: UInt64, Message, from: Address, to: Address)
        case gone(at: UInt64, Address)
        case lost(at: UInt64, Address, side: Address)
    }

    /// - Parameters:
    ///   - gcsDeaths: instead of those that the seed draws.
    ///   - frame: the only one that gets lost, instead of those that the seed draws; 0: none.
    init(seed: UInt64, gcsDeaths: [SimulatedGCS.Death]? = nil, losing frame: Int? = nil) {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        hasFaults = true
        crashesLeft = 0
        nodeCrashesLeft = 0
        crashesLeft = chance(70) ? Int(draw(1...6)) : 0
        nodeCrashesLeft = chance(40) ? Int(draw(1...2)) : 0
        network = SimulatedNetwork(self, SeededGenerator(seed: random.next()), losing: frame)
        ledger = Ledger(self)
        let drawn = drawDeaths()
        gcs = SimulatedGCS(self, deaths: gcsDeaths ?? drawn)
    }

    // MARK: Chance

    func draw(_ range: ClosedRange<UInt64>) -> UInt64 { random.next(in: range) }
    func chance(_ percent: UInt64) -> Bool { draw(0...99) < percent }
    func sometimes(_ probe: Probe) { probes[probe.rawValue, default: 0] += 1 }

    func maySubmit() -> Bool {
        guard submissionsLeft > 0 else { return false }
        submissionsLeft -= 1
        return true
    }
    func mayMakeActor() -> Bool {
        guard actorsLeft > 0 else { return false }
        actorsLeft -= 1
        return true
    }
    var driverAddress: Address { .process(id: 1 << 63, on: NodeID(1)) }
    func mayCrash() -> Bool {
        guard hasFaults, crashesLeft > 0 else { return false }
        crashesLeft -= 1
        return true
    }
    func stopFaults() { hasFaults = false }

    // MARK: Time

    func at(_ due: UInt64, _ body: @escaping () -> Void) { heap.add(at: max(due, now), body) }
    func after(_ delay: UInt64, _ body: @escaping () -> Void) { at(now &+ delay, body) }

    // MARK: Frames

    func isServed(_ address: Address) -> Bool {
        if address.isGCS { return gcs.isAlive }
        return address.isRaylet ? raylets[address.nodeID]?.isAlive == true : processes[address]?.isAlive == true
    }

    func deliver(_ kind: UInt8, _ body: [UInt8], from: Address, to: Address) {
        guard isServed(to) else { return }
        mix(now, from, to, UInt64(kind) << 32 | UInt64(body.count))
        let message: Message
        do { message = try Message(kind: kind, body: body[...]) } catch {
            return ledger.fault("message of kind \(kind) from \(from) to \(to) cannot be decoded: \(error)")
        }
        remember(.frame(at: now, message, from: from, to: to))
        if case .actorUpdate(let m) = message, m.state == .restarting { sometimes(m.comeback > 0 ? .actorCameBack : .actorRestarted) }
        if case .registerNode(let m) = message, m.number > 1 { sometimes(.nodeRejoined) }
        if to.isGCS {
            gcs.receive(message, from: from)
            check(gcs.instance.checkInvariants(), of: to)
        } else if to.isRaylet {
            guard let raylet = raylets[to.nodeID] else { return }
            raylet.receive(message, from: from)
            check(raylet.instance.checkInvariants(), of: to)
        } else {
            processes[to]?.receive(message, from: from)
        }
    }

    func disconnected(_ peer: Address, at side: Address) {
        guard isServed(side) else { return }
        mix(now, peer, side, 1)
        remember(.lost(at: now, peer, side: side))
        if side.isGCS {
            gcs.disconnected(peer)
        } else if side.isRaylet {
            raylets[side.nodeID]?.disconnected(peer)
        } else {
            processes[side]?.disconnected(peer)
        }
    }

    private func mix(_ words: UInt64...) { for word in words { digest = (digest ^ word) &* 0x100_0000_01b3 } }
    private func mix(_ at: UInt64, _ a: Address, _ b: Address, _ what: UInt64) { mix(at, a.node, a.entity, b.node, b.entity, what) }

    func remember(_ event: Event) {
        if trace.count >= 2 * SimulationLimits.rememberedEvents { trace.removeFirst(SimulationLimits.rememberedEvents) }
        trace.append(event)
    }

    private func check(_ broken: [String], of address: Address) { for fault in broken { ledger.fault("\(address): \(fault)") } }

    // MARK: Lives

    func makeWorker(_ address: Address) {
        let process = SimulatedProcess(address, self)
        process.executor = SimulatedExecutor(process)
        processes[address] = process
    }

    /// - Parameter isIdle: it was told to go because nobody needs it.
    func kill(_ address: Address, isIdle: Bool = false) {
        guard let process = processes[address], process.isAlive, process !== driver || isDriverDone else { return }
        remember(.gone(at: now, address))
        if !isIdle || !process.owner.referencesLeft().isEmpty { hasLost = true }
        if process.executor?.isBusy == true { sometimes(.workerCrashed) }
        process.die()
        network.closeAll(of: address)
        if process !== driver { raylets[address.nodeID]?.ended(address.entity) }
    }

    /// The machine goes, with all that is on it; its store is lost.
    func killNode(_ node: NodeID) {
        guard let raylet = raylets[node], raylet.isAlive else { return }
        sometimes(.nodeCrashed)
        remember(.gone(at: now, raylet.address))
        raylet.die()
        for process in raylet.processes { kill(.process(id: process, on: node)) }
        network.closeAll(of: raylet.address)
    }

    /// When the GCS dies: at any of its messages, several times in some seeds.
    private func drawDeaths() -> [SimulatedGCS.Death] {
        guard chance(50) else { return [] }
        return (0..<draw(1...3)).map { _ in
            SimulatedGCS.Death(
                message: Int(draw(1...(chance(50) ? 10 : 40))), isSilent: chance(50),
                downtimeNS: chance(50) ? draw(100_000...5_000_000) : draw(5_000_000...3_000_000_000))
        }
    }

    /// A GCS is there (again).
    func gcsStarted() {
        guard driver.isAlive else { return }
        network.connect(driver.address, .gcs)
        gcs.jobStarted(job, driver: driver.address)
    }

    private func addNode() {
        let node = NodeID(UInt64(raylets.count + 1))
        let raylet = SimulatedRaylet(node, total: .cpus(Int(draw(1...3))), self)
        raylets[node] = raylet
        raylet.join()
    }

    // MARK: Faults

    private func perhapsFault() {
        guard hasFaults, chance(1) else { return }
        switch draw(0...9) {
        case 0..<5:
            let workers = processes.values.filter { $0.isAlive && $0 !== driver }.sorted { $0.address.precedes($1.address) }
            guard !workers.isEmpty, mayCrash() else { return }
            kill(workers[Int(draw(0...UInt64(workers.count - 1)))].address)
        case 5..<6:
            // The driver's machine is not the one that goes.
            let nodes = raylets.values.filter { $0.isAlive && $0.node != driver.node }.map(\.node).sorted()
            guard !nodes.isEmpty, nodeCrashesLeft > 0 else { return }
            nodeCrashesLeft -= 1
            killNode(nodes[Int(draw(0...UInt64(nodes.count - 1)))])
        case 6..<7:
            if network.breakOne() {
                sometimes(.connectionBroken)
            }
        case 7..<8:
            guard raylets.count < 5 else { return }
            sometimes(.nodeJoined)
            addNode()
        default: break
        }
    }

    // MARK: Running

    func run() -> Simulation.Report {
        for _ in 0..<draw(1...3) { addNode() }
        driver = SimulatedProcess(driverAddress, self)
        processes[driver.address] = driver
        gcsStarted()
        let program = SimulatedBody(driver: driver, steps: Int(draw(3...25)), SeededGenerator(seed: random.next())) { [self] in
            isDriverDone = true
        }
        after(draw(0...3_000_000)) { program.begin() }
        drain()
        if ledger.faults.isEmpty { checkQuiet() }
        if ledger.faults.isEmpty {
            // The driver leaves, and with it all that was its.
            stopFaults()
            kill(driver.address)
            drain()
            checkEmpty()
        }
        return Simulation.Report(
            seed: seed, faults: ledger.faults, lastEvents: ledger.faults.isEmpty ? [] : told, probes: probes, events: events,
            elapsedNS: now, gcsMessages: gcs.messages, frames: network.losses.frames, digest: digest)
    }

    private func drain() {
        var calmSince: UInt64?
        while ledger.faults.isEmpty, let (due, body) = heap.popFirst() {
            now = due
            events += 1
            if events > SimulationLimits.events { return ledger.fault("it goes round in circles: \(events) events") }
            if !hasFaults {
                let since = calmSince ?? now
                calmSince = since
                if now - since > SimulationLimits.livenessNS {
                    return ledger.fault("something still happens \((now - since) / 1_000_000_000) s after the last fault")
                }
            }
            body()
            perhapsFault()
        }
    }

    /// Nothing happens any more: who still waits waits for ever.
    private func checkQuiet() {
        if !isDriverDone { ledger.fault("the driver's program waits for ever") }
        for open in ledger.open { ledger.fault(open) }
        for process in alive {
            if process.owner.pendingTasks > 0 { ledger.fault("\(process.address) has \(process.owner.pendingTasks) tasks") }
            if process.owner.heldLeases > 0 { ledger.fault("\(process.address) keeps \(process.owner.heldLeases) leases without need") }
            if process.executor?.isBusy == true { ledger.fault("a body at \(process.address) waits for ever") }
        }
        checkReferences()
        if !ledger.faults.isEmpty { for process in alive { for wait in process.waitsFor { ledger.fault(wait) } } }
        checkActors()
        for raylet in aliveRaylets {
            let snapshot = raylet.instance.snapshot(now: now)
            for lease in snapshot.granted where lease.kind != .actor {
                ledger.fault("raylet \(raylet.node) has leased \(lease.lease) to \(lease.requester), which needs it no more")
            }
            for lease in snapshot.waiting where lease.kind != .actor {
                ledger.fault("raylet \(raylet.node) lets \(lease.lease) of \(lease.requester) wait: \(lease.reason)")
            }
        }
    }

    /// The GCS and the raylets agree on who lives where.
    private func checkActors() {
        var granted: [LeaseID: NodeID] = [:]
        for raylet in aliveRaylets {
            for lease in raylet.instance.snapshot(now: now).granted where lease.kind == .actor { granted[lease.lease] = raylet.node }
        }
        for view in gcs.instance.actorViews {
            let place = view.lease.flatMap { granted.removeValue(forKey: $0) }
            switch view.state {
            case .dead: break
            case .alive:
                if place == nil { ledger.fault("actor \(view.actor) lives by the GCS, and no node has its lease") }
                let actor = view.worker.flatMap { processes[$0] }?.executor?.actor
                if actor?.hasLeft != false { ledger.fault("actor \(view.actor) lives by the GCS, but not at \(view.worker ?? .gcs)") }
            case .pending, .restarting: ledger.fault("actor \(view.actor) is \(view.state) for ever")
            }
        }
        for (lease, node) in granted.sorted(by: { $0.key.number < $1.key.number }) {
            ledger.fault("raylet \(node) keeps lease \(lease) of an actor of which the GCS knows nothing")
        }
    }

    /// Nobody holds a ref or a handle any more.
    private func checkReferences() {
        var circles = ReferenceCircles()
        for process in alive { for (id, refs) in process.owner.keptReferences { circles.kept[id, default: []].formUnion(refs) } }
        for view in gcs.instance.actorViews where view.state != .dead {
            guard let creator = ledger.creator(of: view.actor).flatMap({ processes[$0] }), creator.isAlive else { continue }
            circles.arguments[view.actor] = creator.owner.heldArguments(of: view.actor)
        }
        let circle = circles.members
        for process in alive {
            check(process.owner.checkReferences(), of: process.address)
            for row in process.owner.referencesLeft(besides: circle) { ledger.fault("\(process.address) keeps \(row)") }
        }
        for view in gcs.instance.actorViews where view.state != .dead {
            // A GCS that was away when a creator died does not hear of it.
            if let creator = ledger.creator(of: view.actor), processes[creator]?.isAlive != true { continue }
            if circle.contains(ObjectID(handleOf: view.actor)) { continue }
            ledger.fault("actor \(view.actor) lives without handles at \(view.worker ?? .gcs)")
        }
        guard !hasLost else { return }
        for raylet in aliveRaylets {
            for object in raylet.store.subtracting(circle).sorted() {
                ledger.fault("node \(raylet.node) keeps a copy of \(object), which nobody can need")
            }
        }
    }

    /// The job is over.
    private func checkEmpty() {
        for raylet in aliveRaylets {
            check(raylet.instance.checkInvariants(), of: raylet.address)
            let snapshot = raylet.instance.snapshot(now: now)
            if snapshot.available != snapshot.total { ledger.fault("raylet \(raylet.node) has \(snapshot.available) of \(snapshot.total)") }
            for lease in snapshot.granted + snapshot.waiting { ledger.fault("raylet \(raylet.node) keeps \(lease.lease) of an ended job") }
            for worker in snapshot.workers { ledger.fault("raylet \(raylet.node) keeps worker \(worker.process) of an ended job") }
        }
        for process in alive { ledger.fault("\(process.address) outlives its job") }
        check(gcs.instance.checkInvariants(), of: .gcs)
    }

    private var alive: [SimulatedProcess] {
        processes.values.filter(\.isAlive).sorted { $0.address.precedes($1.address) }
    }
    private var aliveRaylets: [SimulatedRaylet] { raylets.values.filter(\.isAlive).sorted { $0.node < $1.node } }

    private var told: [String] {
        trace.suffix(SimulationLimits.rememberedEvents).map { event in
            switch event {
            case .frame(let at, let message, let from, let to):
                var text = "\(message)"
                if text.utf8.count > 1_500 { text = String(text.prefix(1_500)) + "…" }
                return "\(at / 1_000) µs \(from) → \(to): \(text)"
            case .gone(let at, let address): return "\(at / 1_000) µs \(address) is gone"
            case .lost(let at, let peer, let side): return "\(at / 1_000) µs \(side) hears that \(peer) is gone"
            }
        }
    }
}
