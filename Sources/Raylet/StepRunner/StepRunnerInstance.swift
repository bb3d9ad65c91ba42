internal import Glibc

/// The decisions of the step runner: no IO, no clock. `now` is the monotonic clock in nanoseconds and never goes back.
///
/// A step lives through: *spawning* (leader 0), *running*, and, once its leader was reaped, *draining* until a ``Census`` finds neither a
/// member of its group nor an orphan with its token. Ending it is the same in each state: SIGTERM, grace, SIGKILL. The outcome is the
/// leader's; the reason is why the runner began to end the leader, if it did before the leader had ended by itself.
package struct StepRunnerInstance: Sendable {
    struct Step: Sendable {
        let token: String
        let folder: String
        let fence: String
        let start: StepStart.Timing
        var leader: Int32 = 0
        /// False once a census saw the group empty: from then on its number may be somebody else's.
        var hasGroup = false
        var startedMonotonic: UInt64 = 0
        var startedWall: UInt64 = 0
        var timeoutAt = UInt64.max
        var stop: Stop?
        var end: StepExit?
        /// Orphans that were sent SIGTERM already.
        var asked: Set<Int32> = []
        var lookAgainAt = UInt64.max
    }

    /// The way from SIGTERM to SIGKILL.
    struct Stop: Sendable {
        var reason: StepExit.Reason
        var killAt: UInt64
        /// Set with SIGKILL: when a draining step is given up for ended all the same.
        var giveUpAt: UInt64?
    }

    /// The way to the end of the runner.
    struct Closing: Sendable {
        var asked: Set<Int32> = []
        var killStraysAt: UInt64?
    }

    var steps: [UInt64: Step] = [:]
    var keysByLeader: [Int32: UInt64] = [:]
    var keysByToken: [String: UInt64] = [:]
    var stepsByFence: [String: Int] = [:]
    var draining: Set<UInt64> = []
    var closing: Closing?

    /// No timer is due before this instant. It may be early, never late; nil means that none is set.
    package internal(set) var nextDeadline: UInt64?
    /// The shell takes a census when it has applied all events that are at hand.
    package internal(set) var wantsCensus = false

    package init() {}

    package var activeSteps: Int { steps.count }
    /// Groups whose members the next census counts.
    package var drainingGroups: [Int32] { draining.compactMap { steps[$0].flatMap { $0.hasGroup ? $0.leader : nil } } }
    package func isLeader(_ pid: Int32) -> Bool { keysByLeader[pid] != nil }
    /// Whether a process group belongs to a step, running or draining.
    package func isGroup(_ group: Int32) -> Bool {
        if keysByLeader[group] != nil { return true }
        return draining.contains { steps[$0].map { $0.hasGroup && $0.leader == group } ?? false }
    }

    // MARK: Commands

    package mutating func onCommand(_ command: StepCommand, now: UInt64, into directives: inout [StepRunnerDirective]) {
        switch command {
        case .start(let start): admit(start, into: &directives)
        case .kill(let key, let reason, let grace):
            stop(key, reason: reason == .timeout ? .timeout : .cancelled, grace: Self.nanoseconds(grace), now: now, into: &directives)
        case .shutdown: close(.cancelled, now: now, into: &directives)
        }
    }

    private mutating func admit(_ start: StepStart, into directives: inout [StepRunnerDirective]) {
        if let refusal = refusal(of: start) {
            directives.append(.report(.failedToStart(key: start.key, failure: refusal)))
            return
        }
        steps[start.key] = Step(token: start.token, folder: start.attemptFolder, fence: start.fencePath, start: start.timing)
        keysByToken[start.token] = start.key
        stepsByFence[start.fencePath, default: 0] += 1
        if stepsByFence[start.fencePath] == 1 { directives.append(.holdFence(start.fencePath)) }
        directives.append(.spawn(start))
    }

    private func refusal(of start: StepStart) -> SpawnFailure? {
        if closing != nil { return SpawnFailure(.refused, "the step runner is shutting down") }
        if start.arguments.isEmpty { return SpawnFailure(.invalidRequest, "the command is empty") }
        if start.token.isEmpty { return SpawnFailure(.invalidRequest, "a step needs a token") }
        if steps[start.key] != nil { return SpawnFailure(.refused, "step \(start.key) is running already") }
        if keysByToken[start.token] != nil { return SpawnFailure(.refused, "a step with the token \(start.token) is running already") }
        if steps.count >= StepRunnerLimits.activeSteps {
            return SpawnFailure(.refused, "more than \(StepRunnerLimits.activeSteps) processes at the same time")
        }
        return nil
    }

    // MARK: Processes

    package mutating func onSpawned(_ key: UInt64, pid: Int32, now: UInt64, wall: UInt64, into directives: inout [StepRunnerDirective]) {
        guard var step = steps[key], step.leader == 0 else {
            preconditionFailure("spawned \(key) as \(pid), which is \(steps[key] as Any)")
        }
        step.leader = pid
        step.hasGroup = true
        step.startedMonotonic = now
        step.startedWall = wall
        if let timeout = step.start.timeout {
            step.timeoutAt = now + timeout
            noteDeadline(step.timeoutAt)
        }
        keysByLeader[pid] = key
        directives.append(.report(.started(key: key, pid: pid)))
        if let stop = step.stop {
            directives.append(.signalGroup(pid, signal: SIGTERM))
            noteDeadline(stop.killAt)
        }
        steps[key] = step
    }

    package mutating func onSpawnFailed(_ key: UInt64, _ failure: SpawnFailure, into directives: inout [StepRunnerDirective]) {
        guard let step = steps[key], step.leader == 0 else { preconditionFailure("no start of \(key) to fail: \(steps[key] as Any)") }
        forget(key, step, into: &directives)
        directives.append(.report(.failedToStart(key: key, failure: failure)))
        if closing != nil { wantsCensus = true }
    }

    /// A child was waited for: a leader or an orphan.
    package mutating func onReaped(_ pid: Int32, _ outcome: ProcessOutcome, usage: ProcessUsage, now: UInt64, wall: UInt64) {
        if let key = keysByLeader.removeValue(forKey: pid), var step = steps[key] {
            step.end = StepExit(
                outcome: outcome, reason: step.stop?.reason ?? .own, startedMonotonic: step.startedMonotonic, endedMonotonic: now,
                startedWall: step.startedWall, endedWall: wall, usage: usage)
            // The kill of the leader was confirmed; that of its survivors counts from the census.
            step.stop?.giveUpAt = nil
            steps[key] = step
            draining.insert(key)
        }
        if !draining.isEmpty || closing != nil { wantsCensus = true }
    }

    // MARK: The end

    /// The engine's end of the socket is closed, or what came through it was no message. Call it after all ended children were reaped.
    package mutating func onEngineClosed(now: UInt64, into directives: inout [StepRunnerDirective]) {
        close(.engineLost, now: now, into: &directives)
    }

    private mutating func close(_ reason: StepExit.Reason, now: UInt64, into directives: inout [StepRunnerDirective]) {
        if closing == nil { closing = Closing() }
        wantsCensus = true
        for key in steps.keys.sorted() where !draining.contains(key) {
            stop(key, reason: reason, grace: steps[key]?.start.grace ?? 0, now: now, into: &directives)
        }
    }

    /// The first reason stays; the earlier of two deadlines counts.
    mutating func stop(
        _ key: UInt64, reason: StepExit.Reason, grace: UInt64, now: UInt64, into directives: inout [StepRunnerDirective]
    ) {
        guard var step = steps[key] else { return }
        let killAt = now + grace
        if let stop = step.stop {
            step.stop?.killAt = min(stop.killAt, killAt)
        } else {
            step.stop = Stop(reason: reason, killAt: killAt)
            if step.hasGroup { directives.append(.signalGroup(step.leader, signal: SIGTERM)) }
        }
        if step.leader != 0 { noteDeadline(killAt) }
        steps[key] = step
    }

    mutating func finish(_ key: UInt64, _ step: Step, _ exit: StepExit, into directives: inout [StepRunnerDirective]) {
        let record = ExitRecord(token: step.token, attempt: step.start.attempt, exit: exit)
        directives.append(.finish(FinishedStep(key: key, attemptFolder: step.folder, record: record)))
        forget(key, step, into: &directives)
    }

    private mutating func forget(_ key: UInt64, _ step: Step, into directives: inout [StepRunnerDirective]) {
        steps[key] = nil
        draining.remove(key)
        keysByToken[step.token] = nil
        let others = (stepsByFence[step.fence] ?? 1) - 1
        stepsByFence[step.fence] = others == 0 ? nil : others
        if others == 0 { directives.append(.releaseFence(step.fence)) }
    }

    mutating func noteDeadline(_ instant: UInt64) { nextDeadline = min(nextDeadline ?? instant, instant) }

    static func nanoseconds(_ milliseconds: UInt64) -> UInt64 { min(milliseconds, StepRunnerLimits.milliseconds) * 1_000_000 }
}
