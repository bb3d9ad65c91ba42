internal import CLinux
import GCS
internal import Glibc
import Journal
package import ObjectStore
import Ownership
package import Raylet
package import RayflowCore
package import Transport

/// GCS, raylet and owner inside the driver's process, workers and step runner as its children. When the driver goes, everything goes.
package final class EmbeddedCluster: @unchecked Sendable {
    package struct Options: Sendable {
        package var registry: Registry
        package var resources: ResourceSet
        package var labels: [String: String] = [:]
        /// Names of the node's GPUs by number.
        package var gpus: [String] = []
        package var workers: WorkerMode = .processes
        package var run: DurableRun?
        /// Where workers' standard output goes: this process's descriptor.
        package var workerOutputFD: Int32 = 1
        package var objectStore = ObjectStoreSettings()
        package var memory = MemoryMonitorSettings()
        package var memoryProbe = MemoryProbe.system
        package init(registry: Registry, resources: ResourceSet) {
            self.registry = registry
            self.resources = resources
        }
    }

    package let core: CoreWorker
    package let raylet: RayletShell
    package let session: Session
    package let node: NodeID
    package let stepHost: StepHost
    package let loop: Loop
    package let network: SocketNetwork
    package let registry: Registry
    private let gcs: GCSShell
    private let localWorkers: LocalWorkers?
    private let innerWorkers: InProcessWorkers?
    private let run: DurableRun?
    private let watcher: ProcessWatcher
    private let image: ProgramImage
    private let memoryIO = IOPool(threads: 1)
    private let lock = Lock()
    private var hasEnded = false

    package init(_ options: Options) throws {
        FailPointCheck.complain()
        session = try Session.make()
        signal(SIGPIPE, SIG_IGN)
        // A limit on the size of files is an error of the spill folder, not the end of the process.
        signal(SIGXFSZ, SIG_IGN)
        let session = session
        let node = NodeID(.random(in: 1 ... .max))
        self.node = node
        self.registry = options.registry
        run = options.run
        let token = ClusterToken.random(), clusterID = UInt64.random(in: 1 ... .max), nonce = SessionNonce.random()
        let loop = Loop()
        self.loop = loop
        let digest = options.registry.digest
        let network = SocketNetwork(
            loop: loop,
            identity: .init(role: .driver, cluster: clusterID, token: token, digest: FunctionDigest(high: digest.high, low: digest.low))
        ) { address in address.isProcess ? session.socket(of: address.entity) : nil }
        self.network = network
        let arena: Arena
        do {
            arena = try Arena.create(
                geometry: try .fitting(maximumBytes: options.objectStore.memory, probe: options.memoryProbe), nonce: nonce,
                probe: options.memoryProbe)
        } catch {
            throw RayflowError(.system, "the object store cannot be made: \(error)")
        }
        let io = IOPool()
        let job = JobID(.random(in: 1 ... .max))
        let driver = Address.process(id: .random(in: 1 ... .max) | 1 << 63, on: node)
        let stepAddress = Address.process(id: .random(in: 1 ... .max) | 1 << 62, on: node)
        let epoch = options.run?.epoch ?? 1
        let isDurable = options.run != nil
        let watcher = ProcessWatcher()
        self.watcher = watcher
        let image: ProgramImage
        do {
            if case .executable(let path) = options.workers.rule {
                image = try ProgramImage(path: path)
            } else {
                image = try .ofThisProcess()
            }
        } catch { throw RayflowError(.system, "\(error)") }
        self.image = image
        let environment = EngineEnvironment.forWorkers()
        let spawner: any WorkerSpawning
        if case .inProcess = options.workers.rule {
            localWorkers = nil
            let inner = InProcessWorkers(
                network: network, arena: arena, node: node, registry: options.registry, epoch: epoch, driver: driver,
                log: { isDurable ? RemoteRunLog(keeper: driver, outputFolder: options.run?.folder.outputs) : nil })
            innerWorkers = inner
            spawner = inner
        } else {
            let pid = getpid()
            let outputs = options.run?.folder.outputs ?? "", taskOOMRetries = options.memory.taskOOMRetries
            let local = LocalWorkers(
                image: image, network: network, arena: arena, watcher: watcher, environment: environment, outputFD: options.workerOutputFD,
                gpus: options.gpus, probe: options.memoryProbe
            ) { process in
                var launch = WorkerLaunch(
                    process: process, node: node, job: job, epoch: epoch, isDurable: isDurable, driver: driver, cluster: clusterID,
                    token: token, nonce: nonce, session: session.path, outputFolder: outputs, parent: pid)
                launch.taskOOMRetries = taskOOMRetries
                return launch
            }
            localWorkers = local
            innerWorkers = nil
            spawner = local
        }
        raylet = try RayletShell(
            node: node, resources: options.resources, network: network, arena: arena, io: io, spawner: spawner, stepHost: stepAddress,
            labels: options.labels, objectStore: options.objectStore)
        let page = raylet.pinPage(for: driver.entity)
        innerWorkers?.page = page
        core = CoreWorker(
            identity: .init(job: job, node: node, address: driver, epoch: epoch, isDurable: isDurable, journalKeeper: driver),
            network: network, objects: ObjectClient(arena: arena, node: node, page: page), io: io, log: options.run?.log,
            root: options.run?.log.root ?? .none, history: options.run?.log.history(owner: driver) ?? [:])
        gcs = try GCSShell(network: network, log: options.run?.log, endsWithDriver: true)
        let raylet = raylet
        let sweep = options.run.map { DurableRun.tokenPrefix($0.folder) }
        stepHost = StepHost(address: stepAddress, network: network, watcher: watcher, io: io) { () throws(SpawnFailure) in
            try StepRunnerLauncher.launch(
                .image(image), arguments: ["rayflow-steps"],
                environment: environment + [EnvironmentVariable(RoleDispatch.stepRunnerVariable, "\(getpid())")])
        } onLost: { outcome in
            if let sweep { _ = Sweeper.sweep(tokenPrefix: sweep) }
            loop.execute {
                raylet.stepHostLost("ended with \(outcome)")
                raylet.stepHostStarted(stepAddress)
            }
        }
        let core = core, gcs = gcs, stepHost = stepHost, localWorkers = localWorkers, memoryIO = memoryIO
        core.step { owner, _ in owner.outOfMemoryRetries = options.memory.taskOOMRetries }
        try loop.sync {
            localWorkers?.observe()
            network.attach(.gcs, handler: gcs)
            network.attach(.raylet(of: node), handler: raylet)
            network.attach(driver, handler: core)
            network.attach(stepAddress, handler: stepHost)
            try network.listen(path: session.controlSocket)
            raylet.register()
            // A worker inside this process is not to be ended for its memory: it has none of its own.
            if localWorkers != nil, options.memory.refreshNS > 0 {
                let sampler = MemorySampler(options.memoryProbe)
                raylet.watchMemory(options.memory.rules, everyNS: options.memory.refreshNS, through: sampler, on: memoryIO)
            }
            gcs.jobStarted(job, driver: driver)
        }
        try? options.run?.lock.update { $0.session = session.path }
        core.register(options.registry)
        core.onShutDown { [weak self] in self?.end() }
    }

    var droppedTaskEvents: UInt64 { (try? loop.sync { [gcs] in gcs.droppedTaskEvents }) ?? 0 }

    /// Ends everything: steps, workers, sockets, the session folder, the journal. Later calls do nothing.
    package func end() {
        let isFirst = lock.withLock {
            defer { hasEnded = true }
            return !hasEnded
        }
        guard isFirst else { return }
        try? loop.sync { [self] in
            core.close()
            localWorkers?.stopStarting()
            stepHost.end()
            network.close()
        }
        localWorkers?.endAll()
        innerWorkers?.endAll()
        loop.shutdown()
        core.io.close()
        raylet.close()
        memoryIO.close()
        watcher.end()
        close(image.descriptor)
        run?.close()
        session.end()
    }
}

/// The environment that children of the engine get.
package enum EngineEnvironment {
    /// Variables of the engine's own; steps never see them.
    package static let own: Set<String> = [WorkerLaunch.variable, RoleDispatch.stepRunnerVariable]

    package static func current() -> [EnvironmentVariable] {
        var variables: [EnvironmentVariable] = []
        var at = rf_environ()
        while let entry = at?.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                let name = String(text[..<equals])
                if !own.contains(name) { variables.append(EnvironmentVariable(name, String(text[text.index(after: equals)...]))) }
            }
            at = at?.advanced(by: 1)
        }
        return variables
    }

    static func forWorkers() -> [EnvironmentVariable] {
        var variables = current()
        // A crashing worker must be gone at once, and small: see the measured facts of the architecture.
        if !variables.contains(where: { $0.name == "SWIFT_BACKTRACE" }) {
            variables.append(EnvironmentVariable("SWIFT_BACKTRACE", "enable=no"))
        }
        if !variables.contains(where: { $0.name == "MALLOC_ARENA_MAX" }) { variables.append(EnvironmentVariable("MALLOC_ARENA_MAX", "2")) }
        return variables
    }
}

enum FailPointCheck {
    static func complain() {
        guard let complaint = FailPoint.complaint else { return }
        let line = Array("rayflow: \(complaint)\n".utf8)
        _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
