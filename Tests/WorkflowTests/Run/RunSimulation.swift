import Raylet
import RayflowCore

@testable import Workflow

/// Numbers that are the same for the same seed.
struct Dice: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
    mutating func isHit(_ percent: Int) -> Bool { below(100) < percent }
}

/// One run over any number of epochs, with an engine, a step runner and a journal made up around the real ``RunInstance``.
///
/// Each turn does one small thing, drawn by the seed: carries out a directive, moves an attempt one phase further, fires a timer. A crash may
/// come between any two turns; what was written before it stays.
final class RunSimulation {
    /// What an attempt of a process has left so far.
    enum Phase: Int {
        case submitted, started, worked, reported
    }

    struct Attempt {
        var unit: Int
        var order: ShellOrder
        var phase = Phase.submitted
        var isCancelled = false
    }

    struct Call {
        var unit: Int
        var order: CallOrder
    }

    /// A side effect, and whether nobody could know of its end.
    struct Effect {
        var key: String
        var isGood: Bool
        var isInDoubt = false
    }

    let workflow: WorkflowFile
    let world = FakeWorld()
    var dice: Dice
    var records: [RunRecord] = []
    var effects: [String: [Effect]] = [:]
    /// Failures that a position has left to give.
    var failures: [String: Int]
    private var callLog: [String: Value] = [:]

    private var instance: RunInstance?
    private var outbox: [RunDirective] = []
    private var attempts: [Attempt] = []
    private var calls: [Call] = []
    private var objects: [ValueRef: Value] = [:]
    private var wanted: [ValueRef] = []
    private var adopted: [(unit: Int, order: ShellOrder, exit: StepExit)] = []
    private var timers: [RunTimer] = []
    private var nextRef: UInt64 = 1
    private var now: UInt64 = 1
    private(set) var outcome: RunOutcome?
    private(set) var problems: [String] = []
    private var epoch: UInt32 = 0

    init(_ yaml: String, seed: UInt64, failures: [String: Int] = [:]) throws {
        workflow = try WorkflowLoader.load(text: yaml, file: "sim.yaml")
        dice = Dice(seed)
        self.failures = failures
    }

    /// One epoch: to its end, or for at most that many turns and then a crash.
    func run(crashAfter turns: Int? = nil, cancelAfter: Int? = nil) {
        let history = RunHistory(records)
        epoch = history.nextEpoch
        (outbox, attempts, calls, wanted, adopted, timers, objects, outcome) = ([], [], [], [], [], [], [:], nil)
        records.append(
            .header(RunHeader(runID: "sim", epoch: epoch, arguments: [], workingFolder: "/", startedWallNS: 0, seed: 1)))
        instance = RunInstance(
            workflow,
            options: RunOptions(runID: "sim", epoch: epoch, seed: 1, workflowFolder: "/flow", attemptsFolder: "/run"), history: history,
            facts: world)
        apply { $0.start(now: $1, into: &$2) }
        var turn = 0
        while outcome == nil {
            turn += 1
            if let turns, turn > turns { return crash() }
            if turn == cancelAfter { apply { $0.cancel(now: $1, into: &$2) } }
            if turn > 200_000 { return problems.append("the run does not end") }
            guard step() else { return problems.append("nothing is left to do, and the run has not ended") }
        }
    }

    private func apply(_ body: (inout RunInstance, UInt64, inout [RunDirective]) -> Void) {
        now += 1
        guard var current = instance else { return }
        instance = nil
        body(&current, now, &outbox)
        instance = current
    }

    private func step() -> Bool {
        var choices: [() -> Void] = []
        // Directives are carried out in their order, but other things may happen between them.
        if !outbox.isEmpty { for _ in 0..<4 { choices.append { [self] in take(outbox.removeFirst()) } } }
        for index in attempts.indices { choices.append { [self] in advance(index) } }
        for index in calls.indices { choices.append { [self] in answer(calls.remove(at: index)) } }
        for index in adopted.indices {
            choices.append { [self] in
                let (unit, order, exit) = adopted.remove(at: index)
                report(unit, order, exit)
            }
        }
        if !wanted.isEmpty {
            choices.append { [self] in
                let ref = wanted.remove(at: dice.below(wanted.count))
                apply { $0.onMaterialised([ref: .success(self.objects[ref] ?? .null)], now: $1, into: &$2) }
            }
        }
        for index in timers.indices {
            choices.append { [self] in
                let timer = timers.remove(at: index)
                apply { $0.onTimer(timer, now: $1, into: &$2) }
            }
        }
        guard !choices.isEmpty else { return false }
        choices[dice.below(choices.count)]()
        return true
    }

    private func lineage(_ key: String) -> LineageID { Digest128(of: Array(key.utf8)).lineage }

    private func take(_ directive: RunDirective) {
        switch directive {
        case .record(let position, let record): records.append(.step(position: position, json: record.json.compact, wallNS: now))
        case .saveOutputs(let position, let attempt, let json): world.saved[StepPosition.attempt(position, attempt)] = json
        case .hold(let unit, let outputs, _): apply { $0.onHeld(unit: unit, outputs, now: $1, into: &$2) }
        case .launch(let unit, let order):
            if attempts.contains(where: { $0.order.position == order.position }) { problems.append("\(order.position) runs twice at once") }
            records.append(
                .submitted(SubmittedRecord(lineage: lineage(order.key), parent: .none, kind: .step, name: order.key, wallNS: now)))
            attempts.append(Attempt(unit: unit, order: order))
        case .adopt(let unit, let order, let exit): adopted.append((unit, order, exit))
        case .call(let unit, let order): calls.append(Call(unit: unit, order: order))
        case .createActor, .event: break
        case .cancel(let unit, _):
            for index in attempts.indices where attempts[index].unit == unit { attempts[index].isCancelled = true }
        case .materialise(let refs): wanted += refs
        case .release(let refs): for ref in refs { objects[ref] = nil }
        case .startTimer(let timer, _): if timer != .run { timers.append(timer) }
        case .ended(let outcome):
            if !attempts.isEmpty || !calls.isEmpty { problems.append("the run ended with steps that run") }
            self.outcome = outcome
            records.append(.end(outcome.record(wallNS: now)))
        }
    }

    // MARK: Processes

    private func advance(_ index: Int) {
        let attempt = attempts[index]
        let key = attempt.order.key
        switch attempt.phase {
        case .submitted:
            if attempt.isCancelled {
                attempts.remove(at: index)
                let error = ErrorRecord(.cancelled, "never ran")
                records.append(.failed(lineage: lineage(key), attempt: .init(epoch: epoch, number: 1), error: error, wallNS: now))
                return apply {
                    $0.onAttemptEnded(unit: attempt.unit, attempt: attempt.order.attempt, .failed(StepFailure(error)), now: $1, into: &$2)
                }
            }
            records.append(
                .started(lineage: lineage(key), attempt: .init(epoch: epoch, number: UInt32(attempt.order.attempt)), wallNS: now))
            attempts[index].phase = .started
        case .started:
            if attempt.isCancelled {
                world.exits[key] = .made(.signalled(15), .cancelled)
            } else {
                let fails = failures[attempt.order.position] ?? 0
                if fails > 0 { failures[attempt.order.position] = fails - 1 }
                effects[attempt.order.position, default: []].append(Effect(key: key, isGood: fails == 0))
                attempts[index].phase = .worked
                return
            }
            attempts[index].phase = .reported
        case .worked:
            let isGood = effects[attempt.order.position]?.last?.isGood ?? false
            world.exits[key] = .made(.exited(isGood ? 0 : 3))
            attempts[index].phase = .reported
        case .reported:
            attempts.remove(at: index)
            report(attempt.unit, attempt.order, world.exits[key] ?? .made())
        }
    }

    private func report(_ unit: Int, _ order: ShellOrder, _ exit: StepExit) {
        let end: AttemptEnd =
            StepFailure(exit).map { .failed($0) } ?? .succeeded(StepOutputs(["v": .number(Double(Self.value(order)))]))
        apply { $0.onAttemptEnded(unit: unit, attempt: order.attempt, end, now: $1, into: &$2) }
    }

    /// Depends on the position and the inputs alone.
    private static func value(_ order: ShellOrder) -> Int {
        var hasher = Digest128Hasher()
        hasher.update(order.position)
        for variable in order.environment where variable.name.hasPrefix("INPUT_") && !variable.name.hasSuffix("_FILE") {
            hasher.update(variable.name)
            hasher.update(variable.value)
        }
        return Int(hasher.digest.low % 1000)
    }

    private func answer(_ call: Call) {
        let logKey = "\(call.order.key) \(call.order.fingerprint)"
        let inputs = call.order.with.map { member in
            (member.key, self.content(member.value).plainJSON)
        }
        var hasher = Digest128Hasher()
        hasher.update(call.order.position)
        hasher.update(JSON.object(JSONObject(inputs)).canonical)
        let value = callLog[logKey] ?? .number(Double(hasher.digest.low % 1000))
        if dice.isHit(80) { callLog[logKey] = value }
        let ref = ValueRef(id: nextRef)
        nextRef += 1
        objects[ref] = value
        apply { instance, now, directives in
            instance.onCallSubmitted(
                unit: call.unit, attempt: call.order.attempt, [CallResult(name: "v", ref: ref, lineage: call.order.key)])
            instance.onCallEnded(unit: call.unit, attempt: call.order.attempt, [nil], now: now, into: &directives)
        }
    }

    private func content(_ value: Value) -> Value {
        switch value {
        case .ref(let ref):
            if objects[ref] == nil { problems.append("an object was released that is needed") }
            return objects[ref] ?? .null
        case .array(let elements): return .list(elements.map(content))
        default: return value
        }
    }

    // MARK: Crashes

    /// Everything dies. Of what runs the runner may still write how it ended.
    private func crash() {
        for attempt in attempts {
            switch attempt.phase {
            case .submitted, .reported: break
            case .started, .worked:
                if attempt.phase == .worked, dice.isHit(30) {
                    let isGood = effects[attempt.order.position]?.last?.isGood ?? false
                    world.exits[attempt.order.key] = .made(.exited(isGood ? 0 : 3))
                } else {
                    if dice.isHit(50) { world.exits[attempt.order.key] = .made(.signalled(15), .engineLost) }
                    if attempt.phase == .worked, let last = effects[attempt.order.position]?.indices.last {
                        effects[attempt.order.position]?[last].isInDoubt = true
                    }
                }
            }
        }
        instance = nil
    }
}
