internal import CLinux
internal import Glibc
internal import RayflowCore

/// The step runner's process: one thread, one loop, no waiting but in `poll`.
///
/// It is a child subreaper, so that no descendant of a step gets out of sight, and it outlives the engine for as long as it takes to end what
/// it has started. It decides nothing: that is ``StepRunnerInstance``.
package struct StepRunner {
    private var instance = StepRunnerInstance()
    private var socket: EngineSocket
    private var fences = FenceTable()
    private let signals: Int32
    private let null: Int32
    private let children: Int32
    /// From a spawn until a reaping finds none: then there are no descendants either.
    private var hasChildren = false
    private var hasReportedExit = false

    /// `struct signalfd_siginfo`: fixed by the kernel.
    private static let signalRecordBytes = 128

    /// Becomes the runner. The process has one thread, and this is all that it does.
    ///
    /// - Parameter descriptor: a connected stream socket whose other end the engine holds, and nobody else.
    package static func main(socket descriptor: Int32) -> Never {
        var runner = StepRunner(socket: descriptor)
        while true { runner.turn() }
    }

    private init(socket descriptor: Int32) {
        _ = rf_set_name("rayflow-steps")
        for number in [SIGPIPE, SIGINT, SIGQUIT, SIGHUP, SIGTTIN, SIGTTOU, SIGTSTP, SIGUSR1, SIGUSR2] { signal(number, SIG_IGN) }
        var mask = sigset_t()
        sigemptyset(&mask)
        sigaddset(&mask, SIGCHLD)
        sigaddset(&mask, SIGTERM)
        sigprocmask(SIG_BLOCK, &mask, nil)
        signals = rf_signalfd(&mask)
        null = rf_open("/dev/null", O_RDONLY, 0)
        children = ProcessTable.openChildren()
        socket = EngineSocket(descriptor)
        if signals < 0 || null < 0 || rf_set_child_subreaper() != 0 {
            let text = "rayflow: the step runner cannot start: \(errnoText(errno))\n"
            _ = FileBytes.writeAll(Array(text.utf8), to: 2)
            exit(71)
        }
    }

    private mutating func turn() {
        var wanted = (socket.poll, pollfd(fd: signals, events: Int16(POLLIN), revents: 0))
        let ready = withUnsafeMutablePointer(to: &wanted) { pair in
            pair.withMemoryRebound(to: pollfd.self, capacity: 2) { poll($0, 2, timeout()) }
        }
        if ready < 0, errno != EINTR { preconditionFailure("poll failed: \(errnoText(errno))") }
        // Deaths first: a step that has ended by itself is not ended by what comes next.
        if wanted.1.revents != 0 || wanted.0.revents & ~Int16(POLLIN | POLLOUT) != 0 { takeSignals() }
        if wanted.0.revents & ~Int16(POLLOUT) != 0 { takeCommands() }
        if let deadline = instance.nextDeadline, deadline <= rf_monotonic_ns() {
            apply { instance, directives in instance.onTimer(now: rf_monotonic_ns(), into: &directives) }
        }
        takeCensus()
        if !socket.flush() { loseEngine() }
        if hasReportedExit {
            hasReportedExit = false
            FailPoint.hit("runner.after-exit-report")
        }
        // A loss is acted upon before the next wait: with nothing to end there would be nothing to wake up for.
        takeCensus()
    }

    /// Milliseconds for `poll`, rounded up so that a deadline has passed when it returns.
    private func timeout() -> Int32 {
        guard let deadline = instance.nextDeadline else { return -1 }
        let now = rf_monotonic_ns()
        guard deadline > now else { return 0 }
        return Int32(clamping: (deadline - now + 999_999) / 1_000_000)
    }

    // MARK: Events

    private mutating func takeSignals() {
        var isToldToEnd = false
        // Both are standard signals, of which at most one each is pending: one read takes all.
        withUnsafeTemporaryAllocation(byteCount: 4 * Self.signalRecordBytes, alignment: 8) { buffer in
            let count = read(signals, buffer.baseAddress, buffer.count)
            for at in stride(from: 0, to: count, by: Self.signalRecordBytes) {
                // The first field of a record is the signal's number.
                if buffer.load(fromByteOffset: at, as: UInt32.self) == UInt32(SIGTERM) { isToldToEnd = true }
            }
        }
        reap()
        if isToldToEnd { loseEngine() }
    }

    private mutating func reap() {
        while true {
            var status: Int32 = 0
            var usage = rf_usage()
            let pid = rf_wait_any(&status, &usage)
            if pid < 0, errno == EINTR { continue }
            guard pid > 0 else {
                hasChildren = pid == 0
                break
            }
            instance.onReaped(
                pid, ProcessOutcome(waitStatus: status),
                usage: ProcessUsage(
                    userTime: usage.user_ns, systemTime: usage.system_ns, maxResidentBytes: usage.max_resident_bytes),
                now: rf_monotonic_ns(), wall: rf_wall_ns())
        }
        // At once: the number of an empty group may be used again from now on.
        takeCensus()
    }

    private mutating func takeCommands() {
        let isConnected = socket.receive()
        do {
            while let command = try socket.nextCommand() {
                apply { instance, directives in instance.onCommand(command, now: rf_monotonic_ns(), into: &directives) }
            }
        } catch {
            let text = "rayflow: the step runner cannot follow its engine: \(error)\n"
            _ = FileBytes.writeAll(Array(text.utf8), to: 2)
            return loseEngine()
        }
        if !isConnected { loseEngine() }
    }

    private mutating func loseEngine() {
        guard socket.isOpen else { return }
        reap()
        socket.shut()
        apply { instance, directives in instance.onEngineClosed(now: rf_monotonic_ns(), into: &directives) }
    }

    private mutating func takeCensus() {
        while instance.wantsCensus {
            let census = ProcessCensus.take(for: instance, hasChildren: hasChildren, listedIn: children)
            apply { instance, directives in instance.onCensus(census, now: rf_monotonic_ns(), into: &directives) }
        }
    }

    // MARK: Directives

    private mutating func apply(_ event: (inout StepRunnerInstance, inout [StepRunnerDirective]) -> Void) {
        var directives: [StepRunnerDirective] = []
        event(&instance, &directives)
        var next = 0
        // Carrying one out may add more: a spawn is answered in place.
        while next < directives.count {
            carryOut(directives[next], more: &directives)
            next += 1
        }
    }

    private mutating func carryOut(_ directive: StepRunnerDirective, more: inout [StepRunnerDirective]) {
        switch directive {
        case .holdFence(let path): fences.hold(path)
        case .releaseFence(let path): fences.release(path)
        case .spawn(let start): spawn(start, more: &more)
        case .signalGroup(let group, let number): ProcessCensus.signal(group: group, number)
        case .signalOrphan(let orphan, let number): ProcessCensus.signal(orphan, number, among: instance)
        case .finish(let step): finish(step)
        case .report(let report): socket.send(report)
        case .leave:
            socket.drain()
            exit(0)
        }
    }

    private mutating func spawn(_ start: StepStart, more: inout [StepRunnerDirective]) {
        do throws(SpawnFailure) {
            if let failure = fences.failure(of: start.fencePath) { throw failure }
            let files = try StepFiles(start, null: null)
            var environment = start.environment.filter { $0.name != ProcessTable.tokenName }
            environment.append(EnvironmentVariable(ProcessTable.tokenName, start.token))
            FailPoint.hit("runner.before-spawn")
            let pid = try ProcessSpawner.start(
                SpawnRequest(
                    .command(start.arguments[0]), arguments: start.arguments, environment: environment, workdir: start.workdir,
                    descriptors: files.inherited))
            FailPoint.hit("runner.after-spawn")
            hasChildren = true
            instance.onSpawned(start.key, pid: pid, now: rf_monotonic_ns(), wall: rf_wall_ns(), into: &more)
        } catch {
            instance.onSpawnFailed(start.key, error, into: &more)
        }
    }

    private mutating func finish(_ step: FinishedStep) {
        FailPoint.hit("runner.before-exit-file")
        let failure = ExitFile.write(step.record, in: step.attemptFolder)
        FailPoint.hit("runner.after-exit-file")
        socket.send(.exited(key: step.key, exit: step.record.exit, isRecorded: failure == 0))
        hasReportedExit = true
    }
}
