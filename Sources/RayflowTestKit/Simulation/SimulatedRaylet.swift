import Raylet
import RayflowCore

/// The shell of a simulated raylet: its workers are simulated processes, its store is the set of objects that it has.
final class SimulatedRaylet {
    let node: NodeID
    private unowned let world: SimulatedWorld
    private(set) var instance: RayletInstance
    private(set) var isAlive = true
    private var outbox: [RayletDirective] = []
    private var isDraining = false
    /// Objects here.
    private(set) var store: Set<ObjectID> = []
    private var workers: Set<UInt64> = []
    /// Dependencies on their way here.
    private var fetching: Set<ObjectID> = []

    var address: Address { .raylet(of: node) }

    init(_ node: NodeID, total: ResourceSet, _ world: SimulatedWorld) {
        self.node = node
        self.world = world
        instance = RayletInstance(node: node, total: total, keptIdle: 2)
    }

    func join() { event { $0.join(into: &$2) } }

    /// The machine is gone, with all that was on it.
    func die() {
        isAlive = false
        outbox = []
    }

    var processes: [UInt64] { workers.sorted() }

    func receive(_ message: Message, from: Address) {
        if from.isRaylet, from != address { event { $0.reachabilityChanged(from.nodeID, isReachable: true, now: $1, into: &$2) } }
        switch message {
        case .deleteObjects(let m): for id in m.objects { store.remove(id) }
        default: event { $0.receive(message, from: from, now: $1, into: &$2) }
        }
    }

    func disconnected(_ peer: Address) {
        if peer.isProcess {
            if !workers.contains(peer.entity) { event { $0.connectionLost(peer, now: $1, into: &$2) } }
        } else if peer.isRaylet, peer != address {
            event { $0.reachabilityChanged(peer.nodeID, isReachable: false, now: $1, into: &$2) }
        } else if peer.isGCS {
            event { $0.connectionLost(.gcs, now: $1, into: &$2) }
        }
    }

    private func event(_ body: (inout RayletInstance, UInt64, inout [RayletDirective]) -> Void) {
        guard isAlive else { return }
        body(&instance, world.now, &outbox)
        guard !isDraining else { return }
        isDraining = true
        while !outbox.isEmpty {
            let directives = outbox
            outbox = []
            for directive in directives { carryOut(directive) }
        }
        isDraining = false
    }

    private func carryOut(_ directive: RayletDirective) {
        switch directive {
        case .send(let message, let to): world.network.send(message, from: address, to: to)
        case .spawnWorker(let process, _): spawn(process)
        case .killWorker(let process, let reason):
            world.after(world.draw(100_000...2_000_000)) { [self] in world.kill(.process(id: process, on: node), isIdle: reason.isGentle) }
        case .startTimer(let timer, let delay):
            world.after(delay) { [self] in event { $0.timerFired(timer, now: $1, into: &$2) } }
        case .fetchDependency(let dependency): fetch(dependency)
        case .cancelDependency(let object): fetching.remove(object)
        case .reportResources(let available):
            world.network.send(.resourceReport(ResourceReport(node: node, available: available)), from: address, to: .gcs)
        case .nodesGone: break  // its store drops no copies
        case .fenced: world.after(1_000_000) { [self] in world.killNode(node) }
        }
    }

    // MARK: Workers

    private func spawn(_ process: UInt64) {
        workers.insert(process)
        instance.workerSpawned(process: process, pid: UInt32(truncatingIfNeeded: process))
        let address = Address.process(id: process, on: node)
        world.makeWorker(address)
        world.after(world.draw(500_000...5_000_000)) { [self] in
            guard isAlive else { return }
            if world.hasFaults, world.chance(2) {
                world.sometimes(.workerNeverStarted)
                world.kill(address)
            } else {
                world.processes[address]?.executor?.register()
            }
        }
    }

    /// The pidfd of a worker says that it is gone: nobody orders that with what the process has sent.
    func ended(_ process: UInt64) {
        world.after(world.draw(10_000...2_000_000)) { [self] in
            guard workers.remove(process) != nil else { return }
            event { $0.workerExited(process: process, description: "was killed", outOfMemory: false, now: $1, into: &$2) }
        }
    }

    // MARK: Objects

    func add(_ object: ObjectID) { store.insert(object) }
    func remove(_ object: ObjectID) { store.remove(object) }

    /// Makes the object local, from any of these nodes.
    func open(_ object: ObjectID, from nodes: [NodeID], owner: Address, _ done: @escaping (Bool) -> Void) {
        if store.contains(object) { return done(true) }
        world.after(world.draw(100_000...3_000_000)) { [self] in
            guard isAlive else { return }
            let isThere = nodes.contains { world.raylets[$0]?.isAlive == true && world.raylets[$0]?.store.contains(object) == true }
            if isThere {
                world.sometimes(.objectPulled)
                store.insert(object)
                world.network.send(.objectCopied(ObjectCopied(object: object, node: node)), from: address, to: owner)
            } else {
                world.sometimes(.objectLost)
            }
            done(isThere)
        }
    }

    private func fetch(_ dependency: Dependency) {
        let id = dependency.id
        fetching.insert(id)
        world.after(1_000) { [self] in
            open(id, from: dependency.nodes, owner: dependency.owner) { [self] isThere in
                guard fetching.contains(id) else { return }
                if isThere {
                    event { $0.dependencyLocal(id, now: $1, into: &$2) }
                } else {
                    let error = ErrorRecord(RayflowError(.objectLost, "object \(id) is lost: no node has a copy"))
                    event { $0.dependencyFailed(id, error, lost: dependency.nodes, now: $1, into: &$2) }
                }
            }
        }
    }
}
