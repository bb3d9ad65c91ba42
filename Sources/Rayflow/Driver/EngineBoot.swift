internal import Glibc
import Journal
import Journal
import RayflowCore

/// From a cluster's configuration to a running engine.
package enum EngineBoot {
    package static func start(_ configuration: ClusterConfiguration) async throws -> any Engine {
        if let address = configuration.address {
            throw RayflowError(
                .unsupported, "a cluster at \(address) cannot be joined in this version: leave the address out for an embedded one")
        }
        var options = EmbeddedCluster.Options(
            registry: configuration.registry, resources: try resources(configuration.resources))
        options.workers = configuration.workers
        options.labels = configuration.labels
        options.gpus = gpus(configuration.resources)
        options.memory = try MemoryMonitorSettings(configuration.memoryMonitor)
        options.objectStore = try ObjectStoreSettings.checked(configuration.objectStore)
        if case .durable(let id, let folder) = configuration.run.rule { options.run = try durable(id, folder) }
        let cluster = try EmbeddedCluster(options)
        cluster.core.keepAlive(cluster)
        if options.run != nil { try cluster.serveAdmin() }
        return cluster.core
    }

    /// What the node has: one CPU for each that the process may use, and what was asked for instead or besides.
    package static func resources(_ given: [String: Double]?) throws(RayflowError) -> ResourceSet {
        var amounts = given ?? [:]
        if amounts[ResourceSet.cpu] == nil { amounts[ResourceSet.cpu] = Double(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
        if amounts[ResourceSet.memory] == nil {
            amounts[ResourceSet.memory] = Double(sysconf(Int32(_SC_PHYS_PAGES))) * Double(sysconf(Int32(_SC_PAGESIZE)))
        }
        if amounts[ResourceSet.gpu] == nil { amounts[ResourceSet.gpu] = Double(gpus(given).count) }
        return try ResourceSet(amounts)
    }

    /// Names of the GPUs by number: those of the machine that the driver may see, or as many as were asked for instead.
    ///
    /// - Parameter folder: where the machine's devices are files.
    package static func gpus(_ given: [String: Double]?, devicesIn folder: String = "/dev") -> [String] {
        let visible = getenv(GPUDevices.variable).map { String(cString: $0) }
        return GPUDevices.names(
            deviceFolder: (try? Files.names(in: folder)) ?? [], visible: visible, given: given?[ResourceSet.gpu])
    }

    private static func durable(_ id: String?, _ folder: String?) throws -> DurableRun {
        let home = try RunHome.find(explicit: folder)
        let run: RunFolder
        if let id { run = try home.makeOrFindRun(id: id) } else { run = try home.makeRun(name: "swift") }
        let opened: DurableRun
        do {
            opened = try DurableRun.open(run) { fault in
                let line = Array("rayflow: the journal of run \(run.id) failed, the run cannot go on: \(fault)\n".utf8)
                _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
                _exit(5)
            }
        } catch let held as DurableRun.Held {
            throw RayflowError(.system, "run \(run.id) is held by another process (\(held.info.description))")
        }
        opened.log.append(
            .header(
                RunHeader(
                    runID: run.id, epoch: opened.epoch, arguments: CommandLine.arguments, workingFolder: "", startedWallNS: wallNS(),
                    seed: opened.log.root.low)), committed: nil)
        return opened
    }

    private static func wallNS() -> UInt64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
    }
}
