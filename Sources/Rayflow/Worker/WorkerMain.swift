internal import CLinux
internal import Dispatch
internal import Glibc
import ObjectStore
import Ownership
import Raylet
import RayflowCore
import Transport

/// The worker role: re-executed driver program, which never returns to the user's `main`.
enum WorkerMain {
    static func run(_ launch: WorkerLaunch, registry: Registry) -> Never {
        guard ParentGuard.arm(expectedParent: launch.parent) else { exit(0) }
        _ = rf_set_name("rayflow-worker")
        // Workers are ended without ceremony: what bodies have printed is out by then.
        _ = rf_line_buffer_stdout()
        offerToKernel()
        for fd in [WorkerLaunch.socketFD, WorkerLaunch.dataFD, WorkerLaunch.controlFD] { _ = rf_fcntl_int(fd, F_SETFD, FD_CLOEXEC) }
        let node = NodeID(launch.node.value)
        let address = Address.process(id: launch.process, on: node)
        do {
            let arena = try Arena.attach(dataFD: WorkerLaunch.dataFD, controlFD: WorkerLaunch.controlFD, nonce: launch.nonce)
            let loop = Loop()
            let digest = registry.digest
            let identity = Transport.Identity(
                role: .worker, cluster: launch.cluster, token: launch.token, digest: FunctionDigest(high: digest.high, low: digest.low))
            let session = launch.session
            let network = SocketNetwork(loop: loop, identity: identity) { address in
                address.isProcess ? "\(session)/\(hex(address.entity)).sock" : nil
            }
            let log = launch.isDurable ? RemoteRunLog(keeper: launch.driver, outputFolder: launch.outputFolder) : nil
            let page = launch.page.flatMap { try? PinPage(arena, process: Int($0)) }
            let core = CoreWorker(
                identity: .init(
                    job: launch.job, node: node, address: address, epoch: launch.epoch, isDurable: launch.isDurable,
                    journalKeeper: launch.driver),
                network: network, objects: ObjectClient(arena: arena, node: node, page: page), io: IOPool(), log: log, root: .none)
            log?.core = core
            core.step { owner, _ in owner.outOfMemoryRetries = launch.taskOOMRetries }
            let executor = Executor(
                core: core, registry: registry, process: launch.process, isProcess: true, devices: launch.devices, page: page)
            try loop.sync {
                network.observe { event in
                    switch event {
                    case .established(let hello) where hello.addresses.contains(.raylet(of: node)): executor.register()
                    case .refused(let refusal, _):
                        fail("the driver refused this worker: \(refusal)", refusal.code == .functions ? refusedStatus : failureStatus)
                    default: break
                    }
                }
                network.attach(address, handler: core)
                try network.listen(path: "\(session)/\(hex(launch.process)).sock")
                network.adopt(descriptor: WorkerLaunch.socketFD)
            }
            withExtendedLifetime(executor) { dispatchMain() }
        } catch {
            fail("the worker cannot start: \(error)")
        }
    }

    /// Where the kernel itself runs out of memory it ends workers, and what they start, before the driver.
    private static func offerToKernel() {
        let file = rf_open("/proc/self/oom_score_adj", O_WRONLY, 0)
        guard file >= 0 else { return }
        _ = write(file, "1000", 4)
        close(file)
    }

    /// Exit status of a worker that could not begin.
    static let failureStatus: Int32 = 70
    /// The same where its program is not the driver's.
    static let refusedStatus: Int32 = 71

    private static func fail(_ text: String, _ status: Int32 = failureStatus) -> Never {
        let line = Array("rayflow: \(text)\n".utf8)
        _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        _exit(status)
    }
}
