package import Journal
package import Raylet
internal import Rayflow
internal import RayflowCore
internal import CLinux
internal import Synchronization

/// Runs a workflow: asks a ``RunInstance`` what is to be done, and does it through a ``StepPort``.
///
/// Everything of the instance happens on one thread of its own; files of finished attempts are read on a second one.
package final class RunController: @unchecked Sendable {
    /// Where a unit's running attempt is.
    enum Running {
        case step(StepHandle)
        case call([ObjectID])
    }

    private let queue = SerialQueue(name: "rayflow-run")
    private let files = SerialQueue(name: "rayflow-outputs")
    let port: any StepPort
    private let folder: RunFolder
    private let environment: [EnvironmentVariable]
    private let epoch: UInt32
    private let observer: (any RunObserver)?
    /// From any thread.
    private let lastRef = Atomic<UInt64>(0)

    // Only on `queue`.
    private var instance: RunInstance
    private var outbox: [RunDirective] = []
    private var isPerforming = false
    private var onEnd: (@Sendable (RunOutcome) -> Void)?
    private var lastReport: RunReport?
    /// From start to end nobody else has to hold the controller.
    private var itself: RunController?
    var running: [Int: Running] = [:]
    var objects: [ValueRef: ObjectID] = [:]
    var actors: [String: Result<ActorID, ErrorRecord>] = [:]

    /// - Parameters:
    ///   - environment: what every process starts with; the engine's own variables are taken out.
    ///   - facts: nil asks this machine.
    package init(
        _ workflow: WorkflowFile, options: RunOptions, history: RunHistory = RunHistory(), folder: RunFolder, port: any StepPort,
        environment: [EnvironmentVariable], observer: (any RunObserver)? = nil, facts: (any OutsideFacts)? = nil
    ) {
        self.port = port
        self.folder = folder
        self.environment = environment.filter { !$0.name.hasPrefix("RAYFLOW_") || $0.name == RunHome.variable }
        self.observer = observer
        epoch = options.epoch
        let facts =
            facts
            ?? LocalFacts(workflowFolder: options.workflowFolder, attemptsFolder: options.attemptsFolder, environment: self.environment)
        instance = RunInstance(workflow, options: options, history: history, facts: facts)
    }

    // MARK: From outside

    /// Begins. Once.
    /// - Parameter onEnd: once, on the controller's thread, when every unit has ended.
    package func start(_ onEnd: @escaping @Sendable (RunOutcome) -> Void) {
        queue.run { [self] in
            self.onEnd = onEnd
            itself = self
            apply { $0.start(now: $1, into: &$2) }
        }
    }

    /// Runs to the end.
    package func run() async -> RunOutcome {
        await withCheckedContinuation { continuation in start { continuation.resume(returning: $0) } }
    }

    /// Stops what runs; the end comes when all of it has ended.
    package func cancel() {
        queue.run { [self] in apply { $0.cancel(now: $1, into: &$2) } }
    }

    /// The engine or the journal cannot go on.
    package func fault(_ message: String) {
        queue.run { [self] in apply { $0.onFault(message, now: $1, into: &$2) } }
    }

    /// The state of the run now. Not from the controller's thread; nil only before the start of a run whose queue is gone.
    package func snapshot() -> RunReport? {
        if let report = queue.ask({ [self] in lastReport ?? instance.report(now: rf_wall_ns()) }) { return report }
        // The queue has ended, so nobody changes it any more.
        return lastReport
    }

    /// Attempts that the engine has and that are not known to run, with the object that each makes. Not from the controller's thread.
    func waitingAttempts() -> [(position: String, id: ObjectID)] {
        let waiting: [(position: String, id: ObjectID)]? = queue.ask { [self] in
            var waiting: [(position: String, id: ObjectID)] = []
            for (unit, attempt) in running.sorted(by: { $0.key < $1.key }) where waiting.count < ControllerLimits.explainedAttempts {
                let position = instance.units[unit].position
                switch attempt {
                case .step(let handle): if !instance.units[unit].hasProcess { waiting.append((position, handle.id)) }
                case .call(let ids): if let first = ids.first { waiting.append((position, first)) }
                }
            }
            return waiting
        }
        return waiting ?? []
    }

    /// How many units stand where, and which ran longest.
    package func progress(runningAtMost count: Int) -> (RunCounts, [(position: String, started: UInt64)])? {
        queue.ask { [self] in (instance.progress, instance.running(atMost: count)) }
    }

    // MARK: On the queue

    func apply(_ event: (inout RunInstance, UInt64, inout [RunDirective]) -> Void) {
        guard !instance.isEnded else { return }
        event(&instance, rf_wall_ns(), &outbox)
        guard !isPerforming else { return }
        isPerforming = true
        while !outbox.isEmpty {
            var batch: [RunDirective] = []
            swap(&batch, &outbox)
            for directive in batch { perform(directive) }
        }
        isPerforming = false
    }

    /// From any thread.
    func post(_ event: @escaping @Sendable (inout RunInstance, UInt64, inout [RunDirective]) -> Void) {
        queue.run { [self] in apply(event) }
    }

    private func perform(_ directive: RunDirective) {
        switch directive {
        case .record(let position, let record): port.record(position: position, json: record.json.compact)
        case .saveOutputs(let position, let attempt, let outputs): save(outputs, position, attempt)
        case .launch(let unit, let order): launch(unit, order)
        case .adopt(let unit, let order, let exit): finish(unit, order, exit)
        case .hold(let unit, let outputs, let types): hold(unit, outputs, types)
        case .call(let unit, let order): call(unit, order)
        case .createActor(let order): createActor(order)
        case .cancel(let unit, _): cancel(unit)
        case .materialise(let refs): materialise(refs)
        case .release(let refs): for ref in refs { if let id = objects.removeValue(forKey: ref) { port.release(id) } }
        case .startTimer(let timer, let delay):
            queue.run(afterNanoseconds: delay) { [self] in apply { $0.onTimer(timer, now: $1, into: &$2) } }
        case .event(let event): show(event)
        case .ended(let outcome): end(outcome)
        }
    }

    private func save(_ outputs: JSON, _ position: String, _ attempt: Int) {
        do throws(JournalFault) {
            try AttemptFiles.save(outputs, in: instance.options.attemptFolder(position, attempt))
        } catch {
            let message = "cannot keep the outputs of '\(position)': \(error)"
            apply { $0.onFault(message, now: $1, into: &$2) }
        }
    }

    private func show(_ event: RunEvent) {
        guard let observer else { return }
        let counts = instance.progress
        guard case .failed(let position, let failure, let isTolerated, _) = event, let log = failure.log else {
            return observer.onRunEvent(event, counts)
        }
        let tail = LogTail.lines(ofAttempt: log)
        observer.onRunEvent(.failed(position: position, failure: failure, isTolerated: isTolerated, tail: tail), counts)
    }

    private func end(_ outcome: RunOutcome) {
        lastReport = outcome.report
        for id in objects.values { port.release(id) }
        objects = [:]
        let onEnd = onEnd
        self.onEnd = nil
        files.close()
        onEnd?(outcome)
        queue.close()
        itself = nil
    }

    // MARK: Processes

    private func launch(_ unit: Int, _ order: ShellOrder) {
        do throws(JournalFault) {
            try AttemptFiles.prepare(order)
        } catch {
            return fail(unit, order.attempt, StepFailure(.failure, "cannot prepare the attempt: \(error)"))
        }
        let attempt = order.attempt
        let handle = port.runStep(
            name: order.position, key: order.key, start: start(order), resources: order.resources, pathLength: order.pathLength,
            fingerprint: order.fingerprint
        ) { [weak self] result in
            self?.ended(unit, order, result)
        }
        running[unit] = .step(handle)
        port.whenStarted(handle) { [weak self] in
            self?.post { instance, _, directives in instance.onProcessStarted(unit: unit, attempt: attempt, into: &directives) }
        }
    }

    private func start(_ order: ShellOrder) -> StepStart {
        StepStart(
            key: 0, attempt: Attempt(epoch: epoch, number: UInt32(clamping: order.attempt)), arguments: order.arguments,
            environment: merged(order.environment), workdir: order.workdir, input: order.input, outputPath: order.stdoutPath,
            errorPath: order.stderrPath, attemptFolder: order.folder, token: "\(DurableRun.tokenPrefix(folder))\(epoch)/\(order.key)",
            timeoutMilliseconds: order.timeout.map { UInt64(max(($0 / .milliseconds(1)).rounded(.up), 1)) },
            graceMilliseconds: UInt64(max(order.grace / .milliseconds(1), 0)), fencePath: folder.fence)
    }

    /// The run's own environment with the step's on top, each name once.
    private func merged(_ own: [EnvironmentVariable]) -> [EnvironmentVariable] {
        var last: [String: Int] = [:]
        for (index, variable) in own.enumerated() { last[variable.name] = index }
        return environment.filter { last[$0.name] == nil } + own.enumerated().filter { last[$1.name] == $0 }.map(\.element)
    }

    private func ended(_ unit: Int, _ order: ShellOrder, _ result: Result<StepExit, ErrorRecord>) {
        queue.run { [self] in
            running[unit] = nil
            switch result {
            case .success(let exit): finish(unit, order, exit)
            case .failure(let error) where StepFailure.isLoss(error): lost(unit, order, error)
            case .failure(let error):
                var failure = StepFailure(error)
                failure.log = failure.log ?? order.folder
                fail(unit, order.attempt, failure)
            }
        }
    }

    /// Whoever ran the process is gone. What it wrote about the end still counts.
    private func lost(_ unit: Int, _ order: ShellOrder, _ error: ErrorRecord) {
        if let exit = ExitFile.read(in: order.folder)?.exit, exit.reason != .engineLost { return finish(unit, order, exit) }
        let attempt = order.attempt
        apply { $0.onAttemptEnded(unit: unit, attempt: attempt, .lost(error.message), now: $1, into: &$2) }
    }

    /// The process has ended: its outputs are read, away from this thread.
    private func finish(_ unit: Int, _ order: ShellOrder, _ exit: StepExit) {
        if let failure = StepFailure(exit, timeout: order.timeout, log: order.folder) { return fail(unit, order.attempt, failure) }
        let attempt = order.attempt
        guard !order.outputs.isEmpty else {
            return apply { $0.onAttemptEnded(unit: unit, attempt: attempt, .succeeded(StepOutputs()), now: $1, into: &$2) }
        }
        files.run { [weak self] in
            do throws(OutputFault) {
                let outputs = try OutputReader.read(order)
                self?.keep(outputs, unit, order)
            } catch {
                self?.post { [failure = StepFailure(.failure, error.what, exitCode: 0, log: order.folder)] in
                    $0.onAttemptEnded(unit: unit, attempt: attempt, .failed(failure), now: $1, into: &$2)
                }
            }
        }
    }

    // MARK: Outputs, away from the queue

    /// What is too much for the journal is kept beside the attempt, and what is large lies in the object store.
    private func keep(_ outputs: StepOutputs, _ unit: Int, _ order: ShellOrder) {
        let attempt = order.attempt
        let values = Value.object(ValueObject(order.outputs.map { ($0.name, outputs.values[$0.name] ?? .null) })).plainJSON
        guard values.compact.utf8.count > RunLimits.recordedOutputBytes else {
            return post { $0.onAttemptEnded(unit: unit, attempt: attempt, .succeeded(outputs), now: $1, into: &$2) }
        }
        do throws(JournalFault) { try AttemptFiles.save(values, in: order.folder) } catch {
            let message = "cannot keep the outputs of '\(order.position)': \(error)"
            return post { $0.onFault(message, now: $1, into: &$2) }
        }
        hold(outputs, Dictionary(order.outputs.map { ($0.name, $0.type) }) { first, _ in first }) { held, instance, now, directives in
            var held = held
            held.areSaved = true
            instance.onAttemptEnded(unit: unit, attempt: attempt, .succeeded(held), now: now, into: &directives)
        }
    }

    private func hold(_ unit: Int, _ outputs: StepOutputs, _ types: [String: ValueType]) {
        files.run { [weak self] in
            self?.hold(outputs, types) { $1.onHeld(unit: unit, $0, now: $2, into: &$3) }
        }
    }

    private func hold(
        _ outputs: StepOutputs, _ types: [String: ValueType],
        _ answer: @escaping @Sendable (StepOutputs, inout RunInstance, UInt64, inout [RunDirective]) -> Void
    ) {
        var holding = OutputHolding(newRef: newRef) { [port] (json) throws(RayflowError) in try port.put(json) }
        let held = holding.hold(outputs, types)
        let made = holding.objects
        queue.run { [self] in
            objects.merge(made) { _, new in new }
            apply { answer(held, &$0, $1, &$2) }
            // Of a unit that has ended meanwhile.
            for (ref, id) in made where objects[ref] != nil && !instance.knows(ref) {
                objects[ref] = nil
                port.release(id)
            }
        }
    }

    func newRef() -> ValueRef { ValueRef(id: lastRef.wrappingAdd(1, ordering: .relaxed).newValue) }

    func fail(_ unit: Int, _ attempt: Int, _ failure: StepFailure) {
        apply { $0.onAttemptEnded(unit: unit, attempt: attempt, .failed(failure), now: $1, into: &$2) }
    }

    private func cancel(_ unit: Int) {
        switch running[unit] {
        case .step(let handle): port.cancel(handle)
        case .call(let ids): if let id = ids.first { port.cancel(id) }
        // Its outputs are being read: that ends by itself.
        case nil: break
        }
    }

    /// Only on the queue.
    func changeInstance(_ body: (inout RunInstance) -> Void) { body(&instance) }
}
