internal import CLinux
internal import Glibc
import Raylet
package import RayflowCore
import Transport

/// The node's door to its step runner: takes pushed steps like a worker, and speaks to the runner's process.
///
/// Confined to the loop; the runner's socket is read by a thread of its own.
package final class StepHost: FrameHandler, @unchecked Sendable {
    /// Type tag of a step's result: the encoded ``StepExit``.
    package static let exitTag = "rayflow.StepExit"
    /// Type tag of a step's only argument: the encoded ``StepStart``.
    package static let orderTag = "rayflow.StepStart"

    private struct Running {
        var push: PushTask
        var from: Address
        var grace: UInt64
    }

    package let address: Address
    private let network: any Network
    private let launch: @Sendable () throws(SpawnFailure) -> StepRunnerLauncher.Launched
    private let watcher: ProcessWatcher
    private let onLost: @Sendable (String) -> Void
    private var socket: Int32 = -1
    private var running: [UInt64: Running] = [:]
    private var keys: [TaskID: UInt64] = [:]
    private var nextKey: UInt64 = 1
    private var outgoing = ByteWriter()
    private var isEnding = false
    private let io: IOPool

    init(
        address: Address, network: any Network, watcher: ProcessWatcher, io: IOPool,
        launch: @escaping @Sendable () throws(SpawnFailure) -> StepRunnerLauncher.Launched, onLost: @escaping @Sendable (String) -> Void
    ) {
        self.address = address
        self.network = network
        self.watcher = watcher
        self.launch = launch
        self.onLost = onLost
        self.io = io
    }

    package func receive(kind: UInt8, body: ArraySlice<UInt8>, from: Address) {
        switch try? Message(kind: kind, body: body) {
        case .pushTask(let m)?: push(m, from: from)
        case .cancelTask(let m)?:
            guard let key = keys[m.task], let step = running[key], step.push.spec.attempt == m.attempt else { return }
            send(.kill(key: key, reason: .cancel, graceMilliseconds: m.force ? 0 : step.grace))
        default: break
        }
    }

    package func disconnected(_ peer: Address) {
        for (key, step) in running where step.from == peer { send(.kill(key: key, reason: .cancel, graceMilliseconds: step.grace)) }
    }

    private func push(_ m: PushTask, from: Address) {
        guard keys[m.spec.id] == nil else { return }  // the same push again
        guard case .value(let enclosed)? = m.spec.arguments.first,
            case .start(var start)? = try? StepCommand(body: enclosed.payload.bytes[...])
        else {
            return reply(m, to: from, .failed(ErrorRecord(RayflowError(.corrupt, "not a step")), isApplicationError: true))
        }
        do { try ensureRunner() } catch {
            let record = ErrorRecord(RayflowError(.system, "the step runner cannot be started: \(error)"))
            return reply(m, to: from, .failed(record, isApplicationError: false))
        }
        start.key = nextKey
        start.attempt = m.spec.attempt
        nextKey += 1
        running[start.key] = Running(push: m, from: from, grace: start.graceMilliseconds)
        keys[m.spec.id] = start.key
        send(.start(start))
    }

    private func reply(_ m: PushTask, to: Address, _ outcome: TaskOutcome, executionNS: UInt64 = 0) {
        let message = TaskReply(
            lease: m.lease, task: m.spec.id, attempt: m.spec.attempt, outcome: outcome, moved: [], executionNS: executionNS)
        network.send(kind: TaskReply.kind, body: message.body, from: address, to: to)
    }

    // MARK: The runner

    private func ensureRunner() throws(SpawnFailure) {
        guard socket < 0 else { return }
        let launched = try launch()
        socket = launched.socket
        let loop = network.loop
        watcher.watch(launched.process) { [self] outcome in
            loop.execute { self.runnerEnded("\(outcome)") }
        }
        let descriptor = socket
        Thread.start(name: "rayflow-steps") { [self] in
            var frames = StepFrames()
            var buffer = [UInt8](repeating: 0, count: 64 * 1024)
            while true {
                let count = read(descriptor, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return }
                frames.append(buffer[0..<count])
                var reports: [StepReport] = []
                while let body = try? frames.next() {
                    if let report = try? StepReport(body: body) { reports.append(report) }
                }
                let batch = reports
                loop.execute { self.receive(batch) }
            }
        }
    }

    private func receive(_ reports: [StepReport]) {
        for report in reports {
            guard case .started = report else {
                guard let step = running.removeValue(forKey: report.key) else { continue }
                keys[step.push.spec.id] = nil
                switch report {
                case .exited(_, let exit, _):
                    FailPoint.hit("exit.before-report")
                    var writer = ByteWriter()
                    exit.encode(into: &writer)
                    let payload = Payload(type: Self.exitTag, bytes: writer.bytes)
                    reply(
                        step.push, to: step.from, .finished([.inline(EnclosedPayload(payload))]),
                        executionNS: exit.endedMonotonic &- exit.startedMonotonic)
                    FailPoint.hit("exit.after-report")
                case .failedToStart(_, let failure):
                    let record = ErrorRecord(
                        RayflowError(.system, failure.message), typed: Payload(type: StepHost.failureTag, bytes: [failure.reason.rawValue]))
                    reply(step.push, to: step.from, .failed(record, isApplicationError: true))
                case .started: break
                }
                continue
            }
        }
    }

    /// Type tag of the reason for which a command could not be started.
    package static let failureTag = "rayflow.SpawnFailure"

    private func runnerEnded(_ outcome: String) {
        if socket >= 0 { close(socket) }
        socket = -1
        guard !isEnding else { return }
        running = [:]
        keys = [:]
        // What it had started may have survived it: nothing new starts before that is gone.
        io.run { [onLost] in onLost(outcome) }
    }

    private func send(_ command: StepCommand) {
        outgoing = ByteWriter()
        command.encode(into: &outgoing)
        let bytes = outgoing.bytes
        guard socket >= 0 else { return }
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.send(socket, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL)) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }  // the runner is gone: its pidfd says so
            sent += count
        }
    }

    /// Closing the socket makes the runner end all that it started, and itself.
    package func end() {
        isEnding = true
        if socket >= 0 { shutdown(socket, Int32(SHUT_RDWR)) }
    }
}
