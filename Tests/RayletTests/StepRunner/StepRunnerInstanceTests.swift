import Glibc
import RayflowCore
import Testing

@testable import Raylet

@Suite("The step runner decides")
struct StepRunnerInstanceTests {
    var runner = StepRunnerInstance()
    var directives: [StepRunnerDirective] = []
    let second: UInt64 = 1_000_000_000

    func start(_ key: UInt64, timeout: UInt64? = nil, grace: UInt64 = 5000, fence: String = "/run/fence") -> StepStart {
        StepStart(
            key: key, attempt: Attempt(epoch: 1, number: UInt32(key)), arguments: ["true"], environment: [], workdir: "/", outputPath: "/o",
            errorPath: "/e", attemptFolder: "/a/\(key)", token: "run/\(key)", timeoutMilliseconds: timeout, graceMilliseconds: grace,
            fencePath: fence)
    }

    mutating func take() -> [StepRunnerDirective] {
        defer { directives = [] }
        return directives
    }

    mutating func run(_ key: UInt64, timeout: UInt64? = nil, grace: UInt64 = 5000, fence: String = "/run/fence", now: UInt64 = 0) {
        runner.onCommand(.start(start(key, timeout: timeout, grace: grace, fence: fence)), now: now, into: &directives)
        runner.onSpawned(key, pid: pid(key), now: now, wall: 7, into: &directives)
        directives = []
    }

    func pid(_ key: UInt64) -> Int32 { 100 + Int32(key) }

    mutating func reap(_ key: UInt64, _ outcome: ProcessOutcome = .exited(0), now: UInt64) {
        runner.onReaped(pid(key), outcome, usage: ProcessUsage(), now: now, wall: 8)
    }

    func finished(_ key: UInt64, _ outcome: ProcessOutcome, _ reason: StepExit.Reason, from: UInt64 = 0, to: UInt64) -> StepRunnerDirective
    {
        .finish(
            FinishedStep(
                key: key, attemptFolder: "/a/\(key)",
                record: ExitRecord(
                    token: "run/\(key)", attempt: Attempt(epoch: 1, number: UInt32(key)),
                    exit: StepExit(
                        outcome: outcome, reason: reason, startedMonotonic: from, endedMonotonic: to, startedWall: 7, endedWall: 8,
                        usage: ProcessUsage()))))
    }

    @Test("a step is fenced, spawned, reported, and finished when nothing of it is left")
    mutating func plain() {
        runner.onCommand(.start(start(1)), now: 0, into: &directives)
        #expect(take() == [.holdFence("/run/fence"), .spawn(start(1))])
        runner.onSpawned(1, pid: 101, now: 5, wall: 7, into: &directives)
        #expect(take() == [.report(.started(key: 1, pid: 101))])
        #expect(runner.nextDeadline == nil)
        #expect(!runner.wantsCensus)
        reap(1, .exited(3), now: 9)
        #expect(runner.wantsCensus)
        #expect(runner.drainingGroups == [101])
        runner.onCensus(Census(), now: 9, into: &directives)
        #expect(take() == [finished(1, .exited(3), .own, from: 5, to: 9), .releaseFence("/run/fence")])
        #expect(!runner.wantsCensus)
        #expect(runner.activeSteps == 0)
        #expect(runner.keysByLeader.isEmpty && runner.keysByToken.isEmpty && runner.stepsByFence.isEmpty && runner.draining.isEmpty)
    }

    @Test("a fence is held from the first step of its run to the last")
    mutating func fences() {
        run(1)
        runner.onCommand(.start(start(2)), now: 0, into: &directives)
        #expect(take() == [.spawn(start(2))])
        runner.onSpawned(2, pid: 102, now: 0, wall: 7, into: &directives)
        runner.onCommand(.start(start(3, fence: "/other")), now: 0, into: &directives)
        directives = []
        reap(1, now: 1)
        runner.onCensus(Census(), now: 1, into: &directives)
        #expect(take() == [finished(1, .exited(0), .own, to: 1)])
        reap(2, now: 2)
        runner.onCensus(Census(), now: 2, into: &directives)
        #expect(take() == [finished(2, .exited(0), .own, to: 2), .releaseFence("/run/fence")])
    }

    @Test("a spawn that fails is reported and releases the fence")
    mutating func spawnFails() {
        runner.onCommand(.start(start(1)), now: 0, into: &directives)
        directives = []
        let failure = SpawnFailure(.commandNotFound, errno: ENOENT, "no")
        runner.onSpawnFailed(1, failure, into: &directives)
        #expect(take() == [.releaseFence("/run/fence"), .report(.failedToStart(key: 1, failure: failure))])
        #expect(runner.activeSteps == 0)
    }

    @Test("a key or a token in use, an empty command and an empty token are refused")
    mutating func refusals() {
        run(1)
        var sameToken = start(2)
        sameToken.token = "run/1"
        var empty = start(3)
        empty.arguments = []
        var bare = start(4)
        bare.token = ""
        for (order, reason) in [
            (start(1), SpawnFailure.Reason.refused), (sameToken, .refused), (empty, .invalidRequest), (bare, .invalidRequest),
        ] {
            runner.onCommand(.start(order), now: 0, into: &directives)
            guard case .report(.failedToStart(order.key, let failure)) = directives.first, directives.count == 1 else {
                Issue.record("\(directives)")
                return
            }
            #expect(failure.reason == reason)
            directives = []
        }
        #expect(runner.activeSteps == 1)
    }

    @Test("no more processes than the limit")
    mutating func limit() {
        for key in 1...UInt64(StepRunnerLimits.activeSteps) { runner.onCommand(.start(start(key)), now: 0, into: &directives) }
        #expect(runner.activeSteps == StepRunnerLimits.activeSteps)
        directives = []
        runner.onCommand(.start(start(0)), now: 0, into: &directives)
        guard case .report(.failedToStart(0, let failure)) = directives.last else {
            Issue.record("\(directives)")
            return
        }
        #expect(failure.reason == .refused)
    }

    @Test("a timeout asks, waits for the grace, and kills")
    mutating func timeout() {
        run(1, timeout: 2000, grace: 3000, now: second)
        #expect(runner.nextDeadline == 3 * second)
        runner.onTimer(now: 3 * second - 1, into: &directives)
        #expect(take() == [])
        #expect(runner.nextDeadline == 3 * second)
        runner.onTimer(now: 3 * second, into: &directives)
        #expect(take() == [.signalGroup(101, signal: SIGTERM)])
        #expect(runner.nextDeadline == 6 * second)
        runner.onTimer(now: 6 * second, into: &directives)
        #expect(take() == [.signalGroup(101, signal: SIGKILL)])
        #expect(runner.nextDeadline == nil)
        reap(1, .signalled(SIGKILL), now: 6 * second + 1)
        runner.onCensus(Census(), now: 6 * second + 1, into: &directives)
        #expect(take().first == finished(1, .signalled(SIGKILL), .timeout, from: second, to: 6 * second + 1))
    }

    @Test("the first reason stays and a second kill may only shorten the grace")
    mutating func secondKill() {
        run(1, timeout: 1000)
        runner.onCommand(.kill(key: 1, reason: .cancel, graceMilliseconds: 10_000), now: 0, into: &directives)
        #expect(take() == [.signalGroup(101, signal: SIGTERM)])
        runner.onTimer(now: second, into: &directives)
        #expect(take() == [], "the timeout of a step that is being ended is no event")
        runner.onCommand(.kill(key: 1, reason: .timeout, graceMilliseconds: 20_000), now: second, into: &directives)
        runner.onTimer(now: 9 * second, into: &directives)
        #expect(take() == [])
        runner.onCommand(.kill(key: 1, reason: .timeout, graceMilliseconds: 0), now: 9 * second, into: &directives)
        #expect(runner.nextDeadline == 9 * second)
        runner.onTimer(now: 9 * second, into: &directives)
        #expect(take() == [.signalGroup(101, signal: SIGKILL)])
        reap(1, .signalled(SIGKILL), now: 10 * second)
        runner.onCensus(Census(), now: 10 * second, into: &directives)
        #expect(take().first == finished(1, .signalled(SIGKILL), .cancelled, to: 10 * second))
    }

    @Test("a kill of an unknown step is ignored")
    mutating func unknownKill() {
        runner.onCommand(.kill(key: 9, reason: .cancel, graceMilliseconds: 0), now: 0, into: &directives)
        #expect(take() == [])
        #expect(runner.nextDeadline == nil)
    }

    @Test("a kill that overtakes the spawn is carried out when the process is there")
    mutating func killBeforeSpawn() {
        runner.onCommand(.start(start(1)), now: 0, into: &directives)
        runner.onCommand(.kill(key: 1, reason: .cancel, graceMilliseconds: 1000), now: 0, into: &directives)
        directives = []
        runner.onTimer(now: 5 * second, into: &directives)
        #expect(take() == [])
        runner.onSpawned(1, pid: 101, now: 5 * second, wall: 7, into: &directives)
        #expect(take() == [.report(.started(key: 1, pid: 101)), .signalGroup(101, signal: SIGTERM)])
        runner.onTimer(now: 5 * second, into: &directives)
        #expect(take() == [.signalGroup(101, signal: SIGKILL)])
    }

    @Test("survivors of the group delay the exit: asked, then killed, and the outcome is the leader's")
    mutating func survivors() {
        run(1, grace: 3000)
        reap(1, .exited(4), now: second)
        let census = Census(livingGroups: [101])
        runner.onCensus(census, now: second, into: &directives)
        #expect(take() == [.signalGroup(101, signal: SIGTERM)])
        #expect(runner.nextDeadline == second + StepRunnerLimits.censusInterval)
        runner.onTimer(now: 2 * second, into: &directives)
        #expect(runner.wantsCensus)
        runner.onCensus(census, now: 2 * second, into: &directives)
        #expect(take() == [], "asked once")
        runner.onTimer(now: 4 * second, into: &directives)
        #expect(take() == [.signalGroup(101, signal: SIGKILL)])
        #expect(runner.wantsCensus)
        runner.onCensus(Census(), now: 4 * second, into: &directives)
        #expect(take() == [finished(1, .exited(4), .own, to: second), .releaseFence("/run/fence")])
    }

    @Test("a survivor that even SIGKILL does not end is given up for ended after the confirmation time")
    mutating func unkillable() {
        run(1, grace: 0)
        reap(1, now: 0)
        let census = Census(livingGroups: [101])
        runner.onCensus(census, now: 0, into: &directives)
        runner.onTimer(now: 0, into: &directives)
        runner.onCensus(census, now: 1, into: &directives)
        #expect(take().filter { $0 == .signalGroup(101, signal: SIGKILL) }.count == 2)
        runner.onTimer(now: StepRunnerLimits.killConfirmation, into: &directives)
        #expect(runner.wantsCensus)
        runner.onCensus(census, now: StepRunnerLimits.killConfirmation, into: &directives)
        #expect(take().contains(finished(1, .exited(0), .own, to: 0)))
    }

    @Test("survivors of a leader that took long to die are still killed")
    mutating func lateLeader() {
        run(1, grace: 0)
        runner.onCommand(.kill(key: 1, reason: .cancel, graceMilliseconds: 0), now: 0, into: &directives)
        runner.onTimer(now: 0, into: &directives)
        directives = []
        reap(1, .signalled(SIGKILL), now: 100 * second)
        runner.onCensus(Census(livingGroups: [101]), now: 100 * second, into: &directives)
        #expect(take() == [.signalGroup(101, signal: SIGKILL)])
        runner.onCensus(Census(), now: 100 * second, into: &directives)
        #expect(take().first == finished(1, .signalled(SIGKILL), .cancelled, to: 100 * second))
    }

    @Test("an orphan with the token of an ended step is ended with it; one of a running step is left alone")
    mutating func orphans() {
        run(1, grace: 1000)
        run(2)
        let escaped = Census.Orphan(pid: 500, group: 500, token: "run/1")
        let other = Census.Orphan(pid: 600, group: 600, token: "run/2")
        let bare = Census.Orphan(pid: 700, group: 700, token: nil)
        reap(1, now: 0)
        runner.onCensus(Census(orphans: [escaped, other, bare]), now: 0, into: &directives)
        #expect(take() == [.signalOrphan(escaped, signal: SIGTERM)])
        runner.onCensus(Census(orphans: [escaped, other, bare]), now: 1, into: &directives)
        #expect(take() == [])
        runner.onTimer(now: second, into: &directives)
        #expect(take() == [], "the group is gone: its number may be another's")
        #expect(runner.wantsCensus)
        let child = Census.Orphan(pid: 501, group: 501, token: "run/1")
        runner.onCensus(Census(orphans: [escaped, child, other]), now: second, into: &directives)
        #expect(take() == [.signalOrphan(escaped, signal: SIGKILL), .signalOrphan(child, signal: SIGKILL)])
        runner.onCensus(Census(orphans: [other]), now: second, into: &directives)
        #expect(take() == [finished(1, .exited(0), .own, to: 0)])
    }

    @Test("an orphan whose token belongs to no step is killed when it is seen")
    mutating func foreignOrphan() {
        run(1)
        reap(1, now: 0)
        let foreign = Census.Orphan(pid: 500, group: 500, token: "run/before")
        runner.onCensus(Census(orphans: [foreign]), now: 0, into: &directives)
        #expect(take().last == .signalOrphan(foreign, signal: SIGKILL))
    }

    @Test("an engine that is lost ends every step; those that had ended by themselves keep their own reason")
    mutating func engineLost() {
        run(1, grace: 1000)
        run(2, grace: 2000)
        reap(2, .exited(6), now: 1)
        runner.onEngineClosed(now: 1, into: &directives)
        #expect(take() == [.signalGroup(101, signal: SIGTERM)])
        runner.onCensus(Census(), now: 1, into: &directives)
        #expect(take() == [finished(2, .exited(6), .own, to: 1)])
        runner.onTimer(now: second + 1, into: &directives)
        #expect(take() == [.signalGroup(101, signal: SIGKILL)])
        reap(1, .signalled(SIGKILL), now: 2 * second)
        runner.onCensus(Census(), now: 2 * second, into: &directives)
        #expect(take() == [finished(1, .signalled(SIGKILL), .engineLost, to: 2 * second), .releaseFence("/run/fence"), .leave])
    }

    @Test("with nothing to end the runner leaves at once, and starts nothing any more")
    mutating func leaves() {
        runner.onCommand(.shutdown, now: 0, into: &directives)
        runner.onCommand(.start(start(1)), now: 0, into: &directives)
        guard case .report(.failedToStart(1, let failure)) = directives.first else {
            Issue.record("\(directives)")
            return
        }
        #expect(failure.reason == .refused)
        directives = []
        #expect(runner.wantsCensus)
        runner.onCensus(Census(), now: 0, into: &directives)
        #expect(take() == [.leave])
    }

    @Test("a shutdown cancels, and a lost engine after it changes no reason")
    mutating func shutdown() {
        run(1)
        runner.onCommand(.shutdown, now: 0, into: &directives)
        #expect(take() == [.signalGroup(101, signal: SIGTERM)])
        runner.onEngineClosed(now: 1, into: &directives)
        #expect(take() == [])
        reap(1, .signalled(SIGTERM), now: 2)
        runner.onCensus(Census(), now: 2, into: &directives)
        #expect(take() == [finished(1, .signalled(SIGTERM), .cancelled, to: 2), .releaseFence("/run/fence"), .leave])
    }

    @Test("a runner that leaves takes strays along, whatever they carry, and gives up on what cannot be killed")
    mutating func strays() {
        let stray = Census.Orphan(pid: 700, group: 700, token: nil)
        runner.onEngineClosed(now: 0, into: &directives)
        runner.onCensus(Census(orphans: [stray]), now: 0, into: &directives)
        #expect(take() == [.signalOrphan(stray, signal: SIGTERM)])
        let due = StepRunnerLimits.strayGrace
        #expect(runner.nextDeadline == StepRunnerLimits.censusInterval)
        runner.onTimer(now: due, into: &directives)
        #expect(runner.wantsCensus)
        runner.onCensus(Census(orphans: [stray]), now: due, into: &directives)
        #expect(take() == [.signalOrphan(stray, signal: SIGKILL)])
        runner.onCensus(Census(orphans: [stray]), now: due + StepRunnerLimits.killConfirmation, into: &directives)
        #expect(take() == [.leave])
    }

    @Test("times of any size from a message do not overflow")
    mutating func hugeTimes() {
        run(1, timeout: .max, grace: .max, now: 1 << 60)
        runner.onCommand(.kill(key: 1, reason: .cancel, graceMilliseconds: .max), now: 1 << 60, into: &directives)
        #expect(take() == [.signalGroup(101, signal: SIGTERM)])
        #expect(runner.nextDeadline != nil)
    }
}
