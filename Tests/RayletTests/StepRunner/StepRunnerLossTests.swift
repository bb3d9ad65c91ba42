import CLinux
import Glibc
import RayflowCore
import Testing

@testable import Raylet

@Suite("When engine or step runner die", .timeLimit(.minutes(3)))
struct StepRunnerLossTests {
    let harness: RunnerHarness
    init() throws { harness = try RunnerHarness() }

    @Test("a lost engine ends every step, with exit files, and then the runner")
    func engineLost() throws {
        let post = try Signpost(harness.folder, "post")
        let done = try harness.shell("exit 2")
        _ = try harness.exit(done)
        let polite = try harness.shell("trap 'exit 8' TERM; echo $$ > post; while :; do sleep 0.01; done")
        let politePid = try post.pid()
        let stubborn = try harness.shell("trap '' TERM; sleep 1000 & echo $! > post; wait") { $0.graceMilliseconds = 50 }
        let grandchild = try post.pid()
        let bare = try harness.shell("env -i setsid sh -c 'echo $$ > post; exec sleep 1000' & wait")
        let hidden = try post.pid()
        #expect(!harness.fenceIsFree())
        harness.disconnect()
        #expect(harness.waitForRunner())
        #expect(harness.runner.process.reap() == .exited(0))
        #expect(harness.exitFile(done)?.exit.reason == .own)
        #expect(harness.exitFile(polite)?.exit.outcome == .exited(8))
        #expect(harness.exitFile(polite)?.exit.reason == .engineLost)
        #expect(harness.exitFile(stubborn)?.exit.outcome == .signalled(SIGKILL))
        #expect(harness.exitFile(stubborn)?.exit.reason == .engineLost)
        #expect(harness.exitFile(bare)?.exit.reason == .engineLost)
        for pid in [politePid, grandchild, hidden] { #expect(!lives(pid)) }
        #expect(harness.fenceIsFree())
    }

    @Test("a step that had ended by itself keeps its own status")
    func endedBefore() throws {
        let gate = try Signpost(harness.folder, "gate")
        let key = try harness.shell("read line < gate; exit 6")
        let pid = try harness.started(key)
        // The runner sees both at once: the death of the step and the loss of the engine.
        harness.runner.process.signal(SIGSTOP)
        gate.post()
        #expect(ends(pid))
        harness.disconnect()
        harness.runner.process.signal(SIGCONT)
        #expect(harness.waitForRunner())
        #expect(harness.exitFile(key)?.exit.outcome == .exited(6))
        #expect(harness.exitFile(key)?.exit.reason == .own)
    }

    @Test("a shutdown cancels and reports everything, then the runner ends")
    func shutdown() throws {
        let key = try harness.start(["sleep", "1000"])
        _ = try harness.started(key)
        // In one write: the runner leaves as soon as the step has ended.
        var writer = ByteWriter()
        let late = harness.order(["true"])
        StepCommand.shutdown.encode(into: &writer)
        StepCommand.start(late).encode(into: &writer)
        try harness.send(writer.bytes)
        #expect(try harness.failure(late.key).reason == .refused)
        #expect(try harness.exit(key).reason == .cancelled)
        #expect(harness.waitForRunner())
        #expect(harness.exitFile(key)?.exit.reason == .cancelled)
    }

    @Test("a SIGTERM to the runner is a lost engine")
    func terminated() throws {
        let key = try harness.start(["sleep", "1000"])
        let pid = try harness.started(key)
        harness.runner.process.signal(SIGTERM)
        #expect(harness.waitForRunner())
        #expect(harness.exitFile(key)?.exit.reason == .engineLost)
        #expect(!lives(pid))
    }

    @Test("bytes that are no message are a lost engine, not a crash", arguments: [[UInt8](repeating: 255, count: 64), [1, 0, 0, 0, 77]])
    func garbage(bytes: [UInt8]) throws {
        let key = try harness.start(["sleep", "1000"])
        _ = try harness.started(key)
        try harness.send(bytes)
        #expect(harness.waitForRunner())
        #expect(harness.runner.process.reap() == .exited(0))
        #expect(harness.exitFile(key)?.exit.reason == .engineLost)
    }

    @Test("a killed runner leaves survivors that the sweep finds and ends, in the group and out of it")
    func swept() throws {
        let post = try Signpost(harness.folder, "post")
        let key = try harness.shell(
            "trap '' TERM; sleep 1000 & echo $! > post; setsid sh -c 'trap - TERM; echo $$ > post; exec sleep 1000' & wait")
        let leader = try harness.started(key)
        let pids = [leader, try post.pid(), try post.pid()]
        harness.kill()
        #expect(harness.waitForRunner())
        #expect(harness.fenceIsFree(), "a step does not hold the fence in the runner's place")
        #expect(harness.exitFile(key) == nil)
        #expect(pids.allSatisfy(lives))
        let swept = Sweeper.sweep(tokenPrefix: harness.tokens, graceMilliseconds: 100)
        #expect(Set(swept.map(\.pid)).isSuperset(of: pids))
        #expect(swept.allSatisfy { $0.token == harness.token(key) })
        #expect(swept.first { $0.pid == leader }?.wasKilled == true)
        #expect(!pids.contains(where: lives))
        #expect(Sweeper.sweep(tokenPrefix: harness.tokens).isEmpty)
    }

    @Test(
        "a runner that dies at a fail point leaves either an exit file or an attempt in doubt",
        arguments: ["before-spawn", "after-spawn", "before-exit-file", "after-exit-file", "after-exit-report"])
    func failPoints(point: String) throws {
        let harness = try RunnerHarness(variables: [EnvironmentVariable("RAYFLOW_FAIL_POINT", "runner." + point)])
        let key = try harness.shell("echo done; exit 1")
        #expect(harness.waitForRunner())
        #expect(harness.runner.process.reap() == .signalled(SIGKILL))
        #expect(harness.fenceIsFree())
        switch point {
        case "before-spawn":
            #expect(Sweeper.sweep(tokenPrefix: harness.tokens).isEmpty)
            #expect(harness.folder.text("\(key).out") == "")
            #expect(harness.exitFile(key) == nil)
        case "after-spawn":
            _ = Sweeper.sweep(tokenPrefix: harness.tokens)
            #expect(harness.exitFile(key) == nil)
        case "before-exit-file":
            #expect(harness.folder.text("\(key).out") == "done\n")
            #expect(harness.exitFile(key) == nil)
        case "after-exit-file":
            #expect(harness.exitFile(key)?.exit.outcome == .exited(1))
        default:
            #expect(harness.exitFile(key)?.exit == (try harness.exit(key)))
        }
    }

    @Test("an exit file survives its runner")
    func adopted() throws {
        let key = try harness.shell("exit 11")
        let exit = try harness.exit(key)
        harness.kill()
        #expect(harness.waitForRunner())
        #expect(harness.exitFile(key)?.exit == exit)
    }

    @Test("the sweep without a prefix finds nothing")
    func emptyPrefix() { #expect(Sweeper.sweep(tokenPrefix: "").isEmpty) }

    @Test("a fence that is held exclusively elsewhere keeps steps from starting")
    func fenced() throws {
        let descriptor = rf_open(harness.fence, O_RDWR | O_CREAT, 0o644)
        #expect(rf_ofd_lock(descriptor, 1, 0) == 0)
        let failure = try harness.failure(try harness.start(["true"]))
        #expect(failure.reason == .fenced)
        // Not by closing: a child that another thread is just starting has the descriptor until it executes its program.
        #expect(rf_ofd_unlock(descriptor) == 0)
        close(descriptor)
        #expect(try harness.exit(try harness.start(["true"])).outcome == .exited(0))
        #expect(harness.fenceIsFree())
    }
}
