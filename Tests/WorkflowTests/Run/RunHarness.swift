import Raylet
import RayflowCore
import Testing

@testable import Workflow

/// A run under a test's hand: keeps what the instance wants, and the journal that an engine would have written.
struct RunHarness {
    var instance: RunInstance
    let world: FakeWorld
    var records: [RunRecord]
    private(set) var log: [RunDirective] = []
    /// Attempts that were launched and not answered, by position.
    private(set) var launched: [String: (unit: Int, order: ShellOrder)] = [:]
    private(set) var adopted: [String: (unit: Int, order: ShellOrder, exit: StepExit)] = [:]
    private(set) var called: [String: (unit: Int, order: CallOrder)] = [:]
    private(set) var wanted: [ValueRef] = []
    private(set) var released: [ValueRef] = []
    private(set) var timers: [RunTimer: UInt64] = [:]
    private(set) var cancelled: [String] = []
    private(set) var events: [RunEvent] = []
    private(set) var outcome: RunOutcome?
    private var now: UInt64 = 1_000_000_000
    private var nextRef: UInt64 = 1

    init(
        _ yaml: String, inputs: JSONObject = [:], world: FakeWorld = FakeWorld(), after records: [RunRecord] = [], rerun: [String] = [],
        assumeDone: [String] = []
    ) throws {
        let workflow: WorkflowFile
        do { workflow = try WorkflowLoader.load(text: "rayflow: 1\nname: test\n" + yaml, file: "test.yaml") } catch {
            Issue.record("\(error)")
            throw error
        }
        let history = RunHistory(records)
        let options = RunOptions(
            runID: "r1", epoch: history.nextEpoch, seed: 7, startedWallNS: 0, inputs: inputs, workflowFolder: "/flow",
            attemptsFolder: "/run/attempts", rerun: rerun, assumeDone: assumeDone)
        self.world = world
        self.records =
            records + [
                .header(
                    RunHeader(
                        runID: "r1", epoch: history.nextEpoch, arguments: [], workingFolder: "/", workflowName: "test", startedWallNS: 0,
                        seed: 7))
            ]
        instance = RunInstance(workflow, options: options, history: history, facts: world)
        apply { $0.start(now: $1, into: &$2) }
    }

    // MARK: Answers

    mutating func finish(_ position: String, _ outputs: [String: Value] = [:], files: [String: String] = [:]) {
        guard let unit = answer(position) else { return }
        apply { $0.onAttemptEnded(unit: unit.0, attempt: unit.1, .succeeded(StepOutputs(outputs, files: files)), now: $1, into: &$2) }
    }

    mutating func fail(_ position: String, exitCode: Int = 1) {
        fail(position, StepFailure(.failure, "exit code \(exitCode)", exitCode: exitCode))
    }

    mutating func fail(_ position: String, _ failure: StepFailure) {
        guard let unit = answer(position) else { return }
        apply { $0.onAttemptEnded(unit: unit.0, attempt: unit.1, .failed(failure), now: $1, into: &$2) }
    }

    mutating func lose(_ position: String) {
        guard let unit = answer(position) else { return }
        apply { $0.onAttemptEnded(unit: unit.0, attempt: unit.1, .lost("the runner is gone"), now: $1, into: &$2) }
    }

    private mutating func answer(_ position: String) -> (Int, Int)? {
        if let call = called.removeValue(forKey: position) { return (call.unit, call.order.attempt) }
        if let attempt = launched.removeValue(forKey: position) { return (attempt.unit, attempt.order.attempt) }
        if let attempt = adopted.removeValue(forKey: position) { return (attempt.unit, attempt.order.attempt) }
        Issue.record("'\(position)' does not run; there are \(runningPositions)")
        return nil
    }

    /// The engine takes the call, and its results are ready at once.
    mutating func returns(_ position: String, _ names: [String] = ["result"]) -> [ValueRef] {
        guard let call = called.removeValue(forKey: position) else {
            Issue.record("'\(position)' is not called")
            return []
        }
        let results = names.map { name in
            defer { nextRef += 1 }
            return CallResult(name: name, ref: ValueRef(id: nextRef), lineage: "\(call.order.key)/\(name)")
        }
        instance.onCallSubmitted(unit: call.unit, attempt: call.order.attempt, results)
        apply { $0.onCallEnded(unit: call.unit, attempt: call.order.attempt, results.map { _ in nil }, now: $1, into: &$2) }
        return results.map(\.ref)
    }

    mutating func bring(_ contents: [ValueRef: Value]) {
        wanted.removeAll { contents[$0] != nil }
        apply { $0.onMaterialised(contents.mapValues { .success($0) }, now: $1, into: &$2) }
    }

    mutating func fire(_ timer: RunTimer) {
        timers[timer] = nil
        apply { $0.onTimer(timer, now: $1, into: &$2) }
    }

    mutating func fireRetry() {
        guard let timer = timers.keys.first(where: { $0 != .run }) else {
            Issue.record("nothing waits for a retry")
            return
        }
        fire(timer)
    }

    mutating func cancel() { apply { $0.cancel(now: $1, into: &$2) } }

    // MARK: What is there

    var runningPositions: [String] { (Array(launched.keys) + Array(called.keys) + Array(adopted.keys)).sorted() }
    func order(_ position: String) throws -> ShellOrder { try #require(launched[position]?.order ?? adopted[position]?.order) }
    func call(_ position: String) throws -> CallOrder { try #require(called[position]?.order) }
    func status(_ position: String) -> StepStatus? {
        let reports = instance.report(now: now).steps
        return (reports + reports.flatMap { $0.items ?? [] }).first { $0.id == position }?.status
    }
    func report(_ position: String) throws -> UnitReport {
        let reports = instance.report(now: now).steps
        return try #require((reports + reports.flatMap { $0.items ?? [] }).first { $0.id == position })
    }
    func environment(_ position: String) throws -> [String: String] {
        Dictionary(try order(position).environment.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
    }
    var result: EndRecord.Result? { outcome?.result }
    var outputs: JSON? { outcome.map { .object($0.outputs) } }

    // MARK: The loop

    mutating func apply(_ body: (inout RunInstance, UInt64, inout [RunDirective]) -> Void) {
        now += 1_000_000
        var directives: [RunDirective] = []
        body(&instance, now, &directives)
        for directive in directives { take(directive) }
    }

    private mutating func take(_ directive: RunDirective) {
        log.append(directive)
        #expect(outcome == nil, "nothing comes after the end")
        switch directive {
        case .record(let position, let record): records.append(.step(position: position, json: record.json.compact, wallNS: now))
        case .saveOutputs(let position, let attempt, let json): world.saved[StepPosition.attempt(position, attempt)] = json
        case .hold(let unit, let outputs, _): apply { $0.onHeld(unit: unit, outputs, now: $1, into: &$2) }
        case .launch(let unit, let order):
            launched[order.position] = (unit, order)
            let lineage = Digest128(of: Array(order.key.utf8)).lineage
            records.append(.submitted(SubmittedRecord(lineage: lineage, parent: .none, kind: .step, name: order.key, wallNS: now)))
            records.append(
                .started(
                    lineage: lineage, attempt: Attempt(epoch: RunHistory(records).nextEpoch - 1, number: UInt32(order.attempt)), wallNS: now
                ))
        case .adopt(let unit, let order, let exit): adopted[order.position] = (unit, order, exit)
        case .call(let unit, let order): called[order.position] = (unit, order)
        case .createActor: break
        case .cancel(let unit, _):
            cancelled += launched.filter { $0.value.unit == unit }.map(\.key) + called.filter { $0.value.unit == unit }.map(\.key)
        case .materialise(let refs): wanted += refs
        case .release(let refs): released += refs
        case .startTimer(let timer, let delay): timers[timer] = delay
        case .event(let event): events.append(event)
        case .ended(let outcome):
            self.outcome = outcome
            records.append(.end(outcome.record(wallNS: now)))
        }
    }
}
