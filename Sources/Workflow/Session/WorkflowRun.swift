internal import CLinux
internal import Glibc
package import Journal
import Rayflow
import RayflowCore

/// One run of a workflow from this process: its folder and journal, the embedded cluster, the controller.
package final class WorkflowRun: @unchecked Sendable {
    package let folder: RunFolder
    package let workflow: WorkflowFile
    private let run: DurableRun
    private let cluster: EmbeddedCluster
    private let controller: RunController
    private let lock = Lock()
    private var outcomeWaiters: [CheckedContinuation<RunOutcome, Never>] = []
    private var finished: RunOutcome?
    private var journalFault: String?

    // MARK: Beginning

    /// A new run. Nothing is left behind when it throws before the run folder exists.
    package static func start(_ request: WorkflowRequest, observer: (any RunObserver)? = nil) throws(LaunchFault) -> WorkflowRun {
        let workflow = try load { () throws(Diagnostics) in try WorkflowLoader.load(path: request.path) }
        try check(workflow, request.registry)
        let inputs: JSONObject = try load { () throws(Diagnostics) in try workflow.bind(inputs: request.inputs) }
        let machine = try settings(request)
        let folder: RunFolder
        do { folder = try RunHome.find(explicit: request.home).makeRun(name: workflow.name) } catch {
            throw .engine("no run folder can be made: \(error)")
        }
        do throws(LaunchFault) { return try begin(folder, workflow, inputs, request, machine, observer) } catch {
            // Nothing has run: it would stand among the runs as one that can be resumed.
            folder.discard()
            throw error
        }
    }

    /// Another epoch of a run that failed, was cancelled or was killed.
    package static func resume(
        _ folder: RunFolder, _ request: WorkflowRequest, observer: (any RunObserver)? = nil
    ) throws(LaunchFault) -> WorkflowRun {
        do { if let holder = try RunLock.peek(folder) { throw LaunchFault.heldBy(holder) } } catch let fault as LaunchFault {
            throw fault
        } catch { throw .engine("\(error)") }
        let history: RunHistory
        do { history = RunHistory(try DurableRun.read(folder)) } catch { throw .engine("run \(folder.id) cannot be read: \(error)") }
        if history.headers.isEmpty {
            do throws(JournalFault) { try RunReading.checkNothingRan(folder) } catch { throw .engine("\(error)") }
        }
        guard let header = history.headers.last, !header.workflowPath.isEmpty else {
            throw .usage("run \(folder.id) has no workflow file: it is a Swift driver's; start that program again with the same run name")
        }
        let path = request.path.isEmpty ? header.workflowPath : request.path
        let workflow = try load { () throws(Diagnostics) in try WorkflowLoader.load(path: path) }
        try check(workflow, request.registry)
        for selection in request.rerun + request.assumeDone { try check(selection, workflow, history, folder) }
        let machine = try settings(request)
        let inputs: JSONObject
        if request.inputs.isEmpty {
            // Bound anew, so that inputs which the changed file declares get their defaults.
            let recorded = history.inputs ?? [:]
            let known = recorded.filter { entry in workflow.inputs.contains { $0.name == entry.key } }
            let given = known.map { (key: $0.key, value: $0.value.stringValue ?? $0.value.compact) }
            inputs = try load { () throws(Diagnostics) in try workflow.bind(inputs: given) }
        } else {
            inputs = try load { () throws(Diagnostics) in try workflow.bind(inputs: request.inputs) }
        }
        return try begin(folder, workflow, inputs, request, machine, observer)
    }

    private static func load<T>(_ body: () throws(Diagnostics) -> T) throws(LaunchFault) -> T {
        do { return try body() } catch { throw .diagnostics(error) }
    }

    /// Calls that this program cannot answer are found before anything runs.
    private static func check(_ workflow: WorkflowFile, _ registry: Registry) throws(LaunchFault) {
        let offered = PortSignatures(
            functions: registry.functions.map(\.description),
            actors: Dictionary(registry.actors.map { ($0.typeName, $0.members.map(\.description)) }) { first, _ in first })
        let faults = CallCheck.faults(of: workflow, against: offered)
        if !faults.isEmpty { throw .diagnostics(Diagnostics(faults)) }
    }

    /// `S` and `S[key]` of the command line name steps of the workflow, and items that the run has had.
    private static func check(
        _ selection: String, _ workflow: WorkflowFile, _ history: RunHistory, _ folder: RunFolder
    ) throws(LaunchFault) {
        let step = StepPosition.step(of: selection), steps = workflow.steps.map(\.id)
        guard steps.contains(step) else {
            throw .usage("run \(folder.id) has no step \(step); it has \(steps.joined(separator: ", "))")
        }
        guard StepPosition.key(of: selection) != nil else { return }
        let items = history.positions.filter { StepPosition.step(of: $0) == step }
        guard !items.contains(selection) else { return }
        let shown = items.prefix(20).joined(separator: ", ") + (items.count > 20 ? " …" : "")
        let known = items.isEmpty ? "it has had none yet" : "it has \(shown)"
        throw .usage("step \(step) of run \(folder.id) has no item \(selection); \(known)")
    }

    /// What the engine is to have, from options and environment.
    private struct Machine {
        var resources: ResourceSet
        var memory: MemoryMonitorSettings
        var objectStore: ObjectStoreSettings
    }

    private static func settings(_ request: WorkflowRequest) throws(LaunchFault) -> Machine {
        do throws(RayflowError) {
            return Machine(
                resources: try EngineBoot.resources(request.resources), memory: try MemoryMonitorSettings(MemoryMonitorOptions()),
                objectStore: try ObjectStoreSettings.checked(request.objectStore))
        } catch { throw .usage(error.message) }
    }

    private static func begin(
        _ folder: RunFolder, _ workflow: WorkflowFile, _ inputs: JSONObject, _ request: WorkflowRequest, _ machine: Machine,
        _ observer: (any RunObserver)?
    ) throws(LaunchFault) -> WorkflowRun {
        let fault = FaultDoor()
        let run: DurableRun
        do {
            run = try DurableRun.open(folder, sync: request.sync) { fault.open("the run's journal failed: \($0)") }
        } catch let held as DurableRun.Held { throw .heldBy(held.info) } catch {
            throw .engine("run \(folder.id) cannot be opened: \(error)")
        }
        do {
            return try WorkflowRun(run, workflow, inputs, request, machine, observer, fault)
        } catch {
            run.close()
            throw .engine("run \(folder.id): the engine cannot start: \(error)")
        }
    }

    private init(
        _ run: DurableRun, _ workflow: WorkflowFile, _ inputs: JSONObject, _ request: WorkflowRequest, _ machine: Machine,
        _ observer: (any RunObserver)?, _ fault: FaultDoor
    ) throws {
        self.run = run
        self.workflow = workflow
        folder = run.folder
        let history = RunHistory(run.records)
        let path = AbsolutePath.of(workflow.source.file)
        let started = history.headers.first?.startedWallNS ?? rf_wall_ns()
        let seed = history.headers.first?.seed ?? run.log.root.low
        run.log.append(
            .header(
                RunHeader(
                    runID: folder.id, epoch: run.epoch, arguments: request.arguments, workingFolder: AbsolutePath.current ?? "",
                    workflowPath: path, workflowName: workflow.name, workflowText: String(decoding: workflow.source.bytes, as: UTF8.self),
                    inputs: JSON.object(inputs).compact, startedWallNS: started, seed: seed)), committed: nil)
        var options = EmbeddedCluster.Options(registry: request.registry, resources: machine.resources)
        options.run = run
        options.memory = machine.memory
        options.objectStore = machine.objectStore
        // Standard output is the run's own: what functions print goes to standard error.
        options.workerOutputFD = 2
        cluster = try EmbeddedCluster(options)
        let facade = Cluster(engine: cluster.core, registry: request.registry)
        let port = EngineStepPort(cluster: facade, core: cluster.core, log: run.log)
        var plan = RunOptions(
            runID: folder.id, epoch: run.epoch, seed: seed, startedWallNS: started, inputs: inputs,
            workflowFolder: AbsolutePath.folder(of: path), attemptsFolder: folder.attempts)
        plan.rerun = request.rerun
        plan.assumeDone = request.assumeDone
        controller = RunController(
            workflow, options: plan, history: history, folder: folder, port: port, environment: EngineEnvironment.current(),
            observer: observer)
        fault.connect { [weak self] message in
            self?.lock.withLock { self?.journalFault = message }
            self?.controller.fault(message)
        }
        try cluster.serveAdmin { [weak self] verb in
            guard let self else { throw RayflowError(.shutDown, "the run has ended") }
            switch verb {
            case "status": return explainedReport().json.compact
            case "cancel":
                cancel()
                return "{}"
            default: return nil
            }
        }
        controller.start { [self] outcome in
            // Off the controller's thread: ending waits for processes.
            Thread.start(name: "rayflow-end") { self.end(outcome) }
        }
    }

    // MARK: While it runs

    /// Stops what runs: SIGTERM, the grace, SIGKILL. The run can be resumed.
    package func cancel() { controller.cancel() }

    package func report() -> RunReport {
        lock.withLock { finished?.report } ?? controller.snapshot() ?? RunReport(run: folder.id, workflow: workflow.name, result: .running)
    }

    /// With the reasons of the engine for what waits in it. Blocks until they are there.
    private func explainedReport() -> RunReport {
        var report = report()
        report.explain(ReasonGathering.reasons(for: controller.waitingAttempts(), of: cluster.core))
        return report
    }

    package func progress(runningAtMost count: Int) -> (RunCounts, [(position: String, started: UInt64)])? {
        controller.progress(runningAtMost: count)
    }

    /// When everything has ended and is cleaned up.
    package func outcome() async -> RunOutcome {
        await withCheckedContinuation { continuation in
            let done = lock.withLock { () -> RunOutcome? in
                if finished == nil { outcomeWaiters.append(continuation) }
                return finished
            }
            if let done { continuation.resume(returning: done) }
        }
    }

    // MARK: Ending

    /// A file that was removed can be written on without a fault.
    private static func isThere(_ path: String) -> Bool {
        var info = stat()
        return stat(path, &info) == 0 || errno != ENOENT
    }

    private func end(_ outcome: RunOutcome) {
        var outcome = outcome
        let committed = OneShot<Bool>()
        run.log.append(.end(outcome.record(wallNS: rf_wall_ns())), committed: nil)
        run.log.flush { committed.give($0) }
        let isRecorded = committed.take()
        if !isRecorded || lock.withLock({ journalFault != nil }) {
            let why = lock.withLock { journalFault } ?? "the run's journal failed"
            outcome.result = .fault
            outcome.exitCode = 5
            outcome.message = "\(why); the run stopped, and can be resumed when that is mended: rayflow resume \(folder.id)"
            outcome.report.result = .fault
            outcome.report.message = outcome.message
        }
        if !Self.isThere(folder.journal) {
            outcome.result = .fault
            outcome.exitCode = 5
            outcome.message =
                "the journal \(folder.journal) was removed while the run went on: nothing is left of it, and it cannot be resumed"
            outcome.report.result = .fault
            outcome.report.message = outcome.message
        }
        cluster.end()
        let waiters = lock.withLock { () -> [CheckedContinuation<RunOutcome, Never>] in
            finished = outcome
            defer { outcomeWaiters = [] }
            return outcomeWaiters
        }
        for waiter in waiters { waiter.resume(returning: outcome) }
    }
}

/// A fault of the journal may come before there is anybody to tell.
private final class FaultDoor: @unchecked Sendable {
    private let lock = Lock()
    private var early: String?
    private var body: (@Sendable (String) -> Void)?

    func open(_ message: String) {
        let body = lock.withLock { () -> (@Sendable (String) -> Void)? in
            if self.body == nil { early = message }
            return self.body
        }
        body?(message)
    }

    func connect(_ body: @escaping @Sendable (String) -> Void) {
        let message = lock.withLock {
            self.body = body
            return early
        }
        if let message { body(message) }
    }
}

/// Paths without links resolved: what a person wrote, made absolute.
enum AbsolutePath {
    static func of(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        return current.map { "\($0)/\(path)" } ?? path
    }

    static var current: String? {
        guard let path = getcwd(nil, 0) else { return nil }
        defer { free(path) }
        return String(cString: path)
    }

    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

extension WorkflowRun {
    private final class EventObserver: RunObserver {
        let body: @Sendable (RunEvent) -> Void
        init(_ body: @escaping @Sendable (RunEvent) -> Void) { self.body = body }
        func onRunEvent(_ event: RunEvent, _ counts: RunCounts) { body(event) }
    }

    package static func start(
        _ request: WorkflowRequest, observer: @escaping @Sendable (RunEvent) -> Void
    ) throws(LaunchFault) -> WorkflowRun { try start(request, observer: EventObserver(observer)) }

    package static func resume(
        _ folder: RunFolder, _ request: WorkflowRequest, observer: @escaping @Sendable (RunEvent) -> Void
    ) throws(LaunchFault) -> WorkflowRun { try resume(folder, request, observer: EventObserver(observer)) }
}
