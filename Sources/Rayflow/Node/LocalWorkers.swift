internal import CLinux
internal import Glibc
package import ObjectStore
package import Raylet
package import RayflowCore
package import Transport

/// Workers as child processes of this one: the same program, re-executed. Confined to the loop, whose thread lives as long as the process.
package final class LocalWorkers: WorkerSpawning, @unchecked Sendable {
    private let image: ProgramImage
    private let network: SocketNetwork
    private let arena: Arena
    private let watcher: ProcessWatcher
    private let template: @Sendable (UInt64) -> WorkerLaunch
    private let environment: [EnvironmentVariable]
    private let outputFD: Int32
    /// Names of the node's GPUs by number; a process sees those of its lease.
    private let gpus: [String]
    private var processes: [UInt64: SpawnedProcess] = [:]
    private var lastRefusal: String?
    private let probe: MemoryProbe
    /// Of those that the probe counts, the ones that are accounted for.
    private var knownKernelKills: Int?
    private let lock = Lock()
    private var isClosed = false

    init(
        image: ProgramImage, network: SocketNetwork, arena: Arena, watcher: ProcessWatcher, environment: [EnvironmentVariable],
        outputFD: Int32, gpus: [String] = [], probe: MemoryProbe, template: @escaping @Sendable (UInt64) -> WorkerLaunch
    ) {
        self.image = image
        self.network = network
        self.arena = arena
        self.watcher = watcher
        self.environment = environment
        self.outputFD = outputFD
        self.gpus = gpus
        self.probe = probe
        knownKernelKills = probe.kernelKills()
        self.template = template
    }

    package func spawn(_ order: WorkerOrder, ended: @escaping @Sendable (WorkerExit) -> Void) throws(RayflowError) -> UInt32 {
        let process = order.process
        guard !isClosed else { throw RayflowError(.shutDown, "no worker is started any more") }
        var pair: (Int32, Int32) = (-1, -1)
        let made = withUnsafeMutablePointer(to: &pair) {
            $0.withMemoryRebound(to: Int32.self, capacity: 2) { rf_socketpair_cloexec($0) }
        }
        guard made == 0 else { throw RayflowError(.system, "no socket for a worker: \(String(cString: strerror(errno)))") }
        defer { close(pair.1) }
        let null = rf_open("/dev/null", O_RDONLY, 0)
        defer { if null >= 0 { close(null) } }
        var launch = template(process)
        launch.devices = order.devices
        launch.page = order.page.map { UInt32($0) }
        FailPoint.hit("spawn.before")
        let child: SpawnedProcess
        do {
            child = try ProcessSpawner.spawn(
                SpawnRequest(
                    .image(image), arguments: ["rayflow-worker"],
                    environment: environment(for: order) + [EnvironmentVariable(WorkerLaunch.variable, launch.text)],
                    descriptors: [
                        .init(null, as: 0), .init(outputFD, as: 1), .init(2, as: 2), .init(pair.1, as: WorkerLaunch.socketFD),
                        .init(arena.dataFD, as: WorkerLaunch.dataFD), .init(arena.controlFD, as: WorkerLaunch.controlFD),
                    ], grouping: .ownGroup))
        } catch {
            close(pair.0)
            throw RayflowError(.system, "a worker cannot be started: \(error)")
        }
        FailPoint.hit("spawn.after")
        lock.withLock { processes[process] = child }
        network.adopt(descriptor: pair.0)
        watcher.watch(child) { [weak self] outcome in
            let refusal = self?.lock.withLock {
                self?.processes[process] = nil
                return self?.lastRefusal
            }
            switch outcome {
            case .exited(let code):
                let why = code == WorkerMain.failureStatus ? refusal.flatMap { $0 }.map { ": \($0)" } : nil
                let refused = code == WorkerMain.refusedStatus ? "its registered functions are not those of the driver" : nil
                ended(WorkerExit("exited with status \(code)\(why ?? "")", refusal: refused))
            case .signalled(let number):
                let isOutOfMemory = number == SIGKILL && self?.wasKilledByKernel() == true
                let why = isOutOfMemory ? ": the kernel ran out of memory" : ""
                let description = "was killed by signal \(number) (\(String(cString: strsignal(number))))\(why)"
                ended(WorkerExit(description, isOutOfMemory: isOutOfMemory))
            }
        }
        return UInt32(bitPattern: child.pid)
    }

    /// On the watcher's thread, after a worker was killed: whether the kernel has killed one more than is known. It counts before it kills.
    private func wasKilledByKernel() -> Bool {
        guard let count = probe.kernelKills() else { return false }
        return lock.withLock {
            guard let known = knownKernelKills, count > known else { return false }
            knownKernelKills = known + 1
            return true
        }
    }

    /// On a node with GPUs a process without any sees none.
    private func environment(for order: WorkerOrder) -> [EnvironmentVariable] {
        var own = order.environment.variables.map { EnvironmentVariable($0.name, $0.value) }
        if !gpus.isEmpty {
            let visible = order.devices.map { Int($0) < gpus.count ? gpus[Int($0)] : "\($0)" }.joined(separator: ",")
            own.removeAll { $0.name == GPUDevices.variable }
            own.append(EnvironmentVariable(GPUDevices.variable, visible))
        }
        if own.isEmpty { return environment }
        let names = Set(own.map(\.name))
        return environment.filter { !names.contains($0.name) } + own
    }

    /// On the loop: says why a worker that was turned away has ended.
    func observe() {
        network.observe { [weak self] event in
            guard case .refused(let refusal, _) = event, let self else { return }
            lock.withLock { self.lastRefusal = refusal.text }
        }
    }

    package var areConnected: Bool { true }

    package func kill(process: UInt64, gently: Bool) {
        guard let child = lock.withLock({ processes[process] }) else { return }
        child.signal(gently ? SIGTERM : SIGKILL)
    }

    /// On the loop: no further worker is started, so that ``endAll()`` ends the last one.
    package func stopStarting() { isClosed = true }

    /// Ends all of them and waits until the watcher has seen the last one go.
    package func endAll() {
        for child in lock.withLock({ Array(processes.values) }) { child.signal(SIGKILL) }
        let deadline = rf_monotonic_ns() + RuntimeLimits.shutDownNS
        while rf_monotonic_ns() < deadline, !lock.withLock({ processes.isEmpty }) { usleep(500) }
    }
}

/// Workers as parts of this process: for programs that cannot be re-executed, such as test runners. A crash of one is a crash of all.
package final class InProcessWorkers: WorkerSpawning, @unchecked Sendable {
    private let network: any Network
    private let arena: Arena
    private let node: NodeID
    private let registry: Registry
    private let epoch: UInt32
    private let driver: Address
    private let log: @Sendable () -> RemoteRunLog?
    /// Of this process, set before the first worker starts: bodies may outlive their worker, and what they read has to outlive it as well.
    package var page: PinPage?
    private var workers: [UInt64: (executor: Executor, core: CoreWorker, ended: @Sendable (WorkerExit) -> Void)] = [:]

    package init(
        network: any Network, arena: Arena, node: NodeID, registry: Registry, epoch: UInt32, driver: Address,
        log: @escaping @Sendable () -> RemoteRunLog?
    ) {
        self.network = network
        self.arena = arena
        self.node = node
        self.registry = registry
        self.epoch = epoch
        self.driver = driver
        self.log = log
    }

    package func spawn(_ order: WorkerOrder, ended: @escaping @Sendable (WorkerExit) -> Void) throws(RayflowError) -> UInt32 {
        guard order.environment.isNone else {
            throw RayflowError(.runtimeEnvSetup, "workers inside this process have its environment: \(order.environment) cannot be set")
        }
        let process = order.process
        let address = Address.process(id: process, on: node)
        let log = log()
        let core = CoreWorker(
            identity: .init(job: order.job, node: node, address: address, epoch: epoch, isDurable: log != nil, journalKeeper: driver),
            network: network, objects: ObjectClient(arena: arena, node: node, page: page), io: IOPool(threads: 1), log: log, root: .none)
        log?.core = core
        let executor = Executor(core: core, registry: registry, process: process, isProcess: false, devices: order.devices)
        workers[process] = (executor, core, ended)
        network.attach(address, handler: core)
        network.loop.execute { executor.register() }
        return UInt32(bitPattern: getpid())
    }

    package var areConnected: Bool { false }

    package func kill(process: UInt64, gently: Bool) {
        guard let worker = workers.removeValue(forKey: process) else { return }
        network.detach(worker.core.address)
        worker.executor.end()
        worker.core.close()
        worker.core.io.close()
        worker.ended(WorkerExit("was ended in its process"))
    }

    /// After the end of the network: bodies are cancelled, and their threads end when they give in.
    package func endAll() {
        let all = workers.values
        workers = [:]
        try? network.loop.sync {
            for worker in all {
                worker.executor.end()
                worker.core.close()
                worker.core.io.close()
            }
        }
    }
}
