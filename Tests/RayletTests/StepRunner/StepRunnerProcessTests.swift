import CLinux
import Glibc
import RayflowCore
import Testing

@testable import Raylet

@Suite("The step runner runs steps", .timeLimit(.minutes(3)))
struct StepRunnerProcessTests {
    let harness: RunnerHarness
    init() throws { harness = try RunnerHarness() }

    @Test("and reports exit codes", arguments: [Int32(0), 1, 3, 127, 255])
    func exitCodes(code: Int32) throws {
        let exit = try harness.exit(try harness.shell("exit \(code)"))
        #expect(exit.outcome == .exited(code))
        #expect(exit.reason == .own)
        #expect(exit.endedMonotonic >= exit.startedMonotonic && exit.endedWall > 0)
        #expect(exit.usage.maxResidentBytes > 0)
    }

    @Test("and reports signals that are not its own", arguments: [SIGKILL, SIGTERM, SIGSEGV])
    func signals(number: Int32) throws {
        let exit = try harness.exit(try harness.shell("kill -\(number) $$"))
        #expect(exit.outcome == .signalled(number))
        #expect(exit.reason == .own)
    }

    @Test("with an exit file that is there when the exit is reported")
    func exitFile() throws {
        let key = try harness.shell("exit 5")
        let exit = try harness.exit(key)
        #expect(
            harness.exitFile(key) == ExitRecord(token: harness.token(key), attempt: Attempt(epoch: 1, number: 1), exit: exit))
    }

    @Test("in their folder, with exactly their environment and the token")
    func environment() throws {
        let key = try harness.start(["env"]) {
            $0.environment = [EnvironmentVariable("PATH", "/usr/bin:/bin"), EnvironmentVariable("X", "a=b c")]
        }
        _ = try harness.exit(key)
        #expect(harness.folder.text("\(key).out") == "PATH=/usr/bin:/bin\nX=a=b c\nRAYFLOW_STEP=\(harness.token(key))\n")
        let place = try harness.shell("pwd -P")
        _ = try harness.exit(place)
        #expect(harness.folder.text("\(place).out") == harness.folder.path + "\n")
    }

    @Test("with a token that the environment cannot override")
    func token() throws {
        let key = try harness.shell("echo $RAYFLOW_STEP") { $0.environment.append(EnvironmentVariable("RAYFLOW_STEP", "mine")) }
        _ = try harness.exit(key)
        #expect(harness.folder.text("\(key).out") == harness.token(key) + "\n")
    }

    @Test("in a group and with default signals, an empty mask and no descriptors but the standard ones")
    func surroundings() throws {
        let key = try harness.shell(
            "ls /proc/self/fd; grep -E '^Sig(Blk|Ign)' /proc/self/status; ps -o pgid= -p $$ 2>/dev/null || cut -d' ' -f5 /proc/$$/stat")
        let pid = try harness.started(key)
        _ = try harness.exit(key)
        let lines = harness.folder.text("\(key).out").split(separator: "\n").map { $0.filter { !$0.isWhitespace } }
        // Number 3 is the folder that `ls` reads.
        #expect(Array(lines.prefix(4)) == ["0", "1", "2", "3"])
        // The two signals that the C library keeps for itself are ignored in every child of `posix_spawn`.
        #expect(lines.dropFirst(4).prefix(2) == ["SigBlk:0000000000000000", "SigIgn:0000000180000000"])
        #expect(lines.last == "\(pid)")
    }

    @Test("and appends their output to log files, making folders")
    func logs() throws {
        let same = harness.folder.path + "/deep/er/log"
        for word in ["one", "two"] {
            _ = try harness.exit(
                try harness.shell("echo \(word); echo \(word)! >&2") {
                    $0.outputPath = same
                    $0.errorPath = same
                })
        }
        #expect(harness.folder.text("deep/er/log") == "one\none!\ntwo\ntwo!\n")
        let apart = try harness.shell("echo out; echo err >&2")
        _ = try harness.exit(apart)
        #expect(harness.folder.text("\(apart).out") == "out\n")
        #expect(harness.folder.text("\(apart).err") == "err\n")
    }

    @Test("whose input is nothing, a file, or bytes of any length")
    func input() throws {
        let none = try harness.start(["wc", "-c"])
        harness.folder.write("given", Array("from a file".utf8))
        let file = try harness.start(["cat"]) { $0.input = .file("given") }
        let bytes = try harness.start(["wc", "-c"]) { $0.input = .bytes([UInt8](repeating: 7, count: 3 << 20)) }
        for key in [none, file, bytes] { #expect(try harness.exit(key).outcome == .exited(0)) }
        #expect(harness.folder.text("\(none).out") == "0\n")
        #expect(harness.folder.text("\(file).out") == "from a file")
        #expect(harness.folder.text("\(bytes).out") == "\(3 << 20)\n")
    }

    @Test("and says which file of a step cannot be opened")
    func badFiles() throws {
        let input = try harness.failure(try harness.start(["cat"]) { $0.input = .file("missing") })
        #expect(input.reason == .files && input.errno == ENOENT)
        #expect(input.message.contains(harness.folder.path + "/missing"))
        let folder = try harness.failure(try harness.start(["cat"]) { $0.input = .file("/tmp") })
        #expect(folder.errno == EISDIR)
        harness.folder.write("plain", [])
        let log = try harness.failure(try harness.start(["true"]) { $0.outputPath = harness.folder.path + "/plain/log" })
        #expect(log.reason == .files && log.errno == ENOTDIR)
        let attempt = try harness.failure(try harness.start(["true"]) { $0.attemptFolder = harness.folder.path + "/plain/1" })
        #expect(attempt.reason == .files)
        #expect(harness.fenceIsFree())
    }

    @Test("and reports an exit whose file cannot be written as not recorded")
    func unrecorded() throws {
        let key = try harness.shell("rmdir \"$PWD\"/attempts/*/1")
        var report = try harness.report(key)
        if case .started = report { report = try harness.report(key) }
        guard case .exited(_, let exit, let isRecorded) = report else {
            Issue.record("\(report)")
            return
        }
        #expect(exit.outcome == .exited(0))
        #expect(!isRecorded)
    }

    @Test("and ends them at their timeout")
    func timeout() throws {
        let exit = try harness.exit(try harness.start(["sleep", "1000"]) { $0.timeoutMilliseconds = 1 })
        #expect(exit.outcome == .signalled(SIGTERM))
        #expect(exit.reason == .timeout)
    }

    @Test("and kills the whole group when it does not listen")
    func stubbornGroup() throws {
        let post = try Signpost(harness.folder, "post")
        let key = try harness.shell("trap '' TERM; sleep 1000 & echo $! > post; wait")
        let leader = try harness.started(key)
        let grandchild = try post.pid()
        try harness.send(.kill(key: key, reason: .timeout, graceMilliseconds: 1))
        let exit = try harness.exit(key)
        #expect(exit.outcome == .signalled(SIGKILL))
        #expect(exit.reason == .timeout)
        #expect(!lives(leader) && !lives(grandchild))
    }

    @Test("and ends a stopped one, too")
    func stopped() throws {
        let post = try Signpost(harness.folder, "post")
        let key = try harness.shell("trap 'exit 9' TERM; echo $$ > post; kill -STOP $$; while :; do sleep 0.01; done")
        _ = try post.pid()
        try harness.send(.kill(key: key, reason: .cancel, graceMilliseconds: 60_000))
        let exit = try harness.exit(key)
        #expect(exit.outcome == .exited(9))
        #expect(exit.reason == .cancelled)
    }

    @Test("and sweeps what the leader leaves in its group; the status is the leader's")
    func survivors() throws {
        let post = try Signpost(harness.folder, "post")
        let polite = try harness.shell("sleep 1000 & echo $! > post; exit 3")
        let politePid = try post.pid()
        #expect(try harness.exit(polite).outcome == .exited(3))
        #expect(!lives(politePid))
        let stubborn = try harness.shell("trap '' TERM; sleep 1000 & echo $! > post; exit 4") { $0.graceMilliseconds = 1 }
        let stubbornPid = try post.pid()
        let exit = try harness.exit(stubborn)
        #expect(exit.outcome == .exited(4))
        #expect(exit.reason == .own)
        #expect(!lives(stubbornPid))
    }

    @Test("and finds descendants that have left the group, of this step only")
    func escaped() throws {
        let post = try Signpost(harness.folder, "post")
        let daemon = "setsid sh -c 'sleep 1000 & echo $$ > post; echo $! > post; wait' &"
        let gate = try Signpost(harness.folder, "gate")
        let holder = try harness.shell("(\(daemon)); read line < gate")
        let kept = [try post.pid(), try post.pid()]
        let key = try harness.shell("\(daemon) read line < gate")
        let swept = [try post.pid(), try post.pid()]
        gate.post()
        gate.post()
        // Whichever of the two read first: the daemon of the other lives until its own step has ended.
        _ = try harness.exit(key)
        #expect(swept.allSatisfy { !lives($0) })
        _ = try harness.exit(holder)
        #expect(kept.allSatisfy { !lives($0) })
    }

    @Test("and leaves the daemon of a running step alone when another step ends")
    func daemonOfRunningStep() throws {
        let post = try Signpost(harness.folder, "post")
        let gate = try Signpost(harness.folder, "gate")
        defer { gate.post() }
        let holder = try harness.shell("(setsid sh -c 'echo $$ > post; exec sleep 1000' &); read line < gate")
        let daemon = try post.pid()
        #expect(try harness.exit(try harness.start(["true"])).outcome == .exited(0))
        #expect(lives(daemon))
        try harness.send(.kill(key: holder, reason: .cancel, graceMilliseconds: 60_000))
        _ = try harness.exit(holder)
        #expect(!lives(daemon))
    }

    @Test("two thousand of them without leaking a descriptor or leaving a zombie")
    func manySteps() throws {
        let pid = harness.runner.process.pid
        let log = harness.folder.path + "/log"
        func step() throws -> UInt64 {
            try harness.start(["true"]) {
                $0.outputPath = log
                $0.errorPath = log
                $0.attemptFolder = harness.folder.path
            }
        }
        _ = try harness.exit(try step())
        let before = descriptors(of: pid)
        var waiting: [UInt64] = []
        for _ in 0..<2000 {
            waiting.append(try step())
            if waiting.count == 16 { #expect(try harness.exit(waiting.removeFirst()).outcome == .exited(0)) }
        }
        for key in waiting { #expect(try harness.exit(key).outcome == .exited(0)) }
        #expect(descriptors(of: pid) == before)
        let children = ProcessTable.all().filter { ProcessTable.relation(of: $0)?.parent == pid }
        #expect(children == [])
        #expect(harness.fenceIsFree())
    }

    @Test("and takes a thousand orders at once from an engine that reads nothing meanwhile")
    func burst() throws {
        let keys = try (0..<1000).map { _ in
            try harness.start(["true"]) {
                $0.outputPath = harness.folder.path + "/log"
                $0.errorPath = $0.outputPath
                $0.attemptFolder = harness.folder.path
            }
        }
        for key in keys { #expect(try harness.exit(key).outcome == .exited(0)) }
    }

    private func descriptors(of pid: Int32) -> Int {
        guard let folder = opendir("/proc/\(pid)/fd") else { return -1 }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        return count
    }
}
