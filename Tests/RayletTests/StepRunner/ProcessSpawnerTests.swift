import CLinux
import Glibc
import Testing

@testable import Raylet

@Suite("Starting processes", .timeLimit(.minutes(3)))
struct ProcessSpawnerTests {
    let folder: TestFolder
    init() throws { folder = try TestFolder() }

    func request(_ command: String, _ arguments: [String] = [], path: String = "/usr/bin:/bin") -> SpawnRequest {
        SpawnRequest(
            .command(command), arguments: [command] + arguments, environment: [EnvironmentVariable("PATH", path)], workdir: folder.path,
            descriptors: [.init(2, as: 2)])
    }

    func failure(_ request: SpawnRequest) -> SpawnFailure.Reason? {
        do {
            let process = try ProcessSpawner.spawn(request)
            _ = ends(pidfd: process.pidfd)
            _ = process.reap()
            close(process.pidfd)
            return nil
        } catch { return error.reason }
    }

    func outcome(_ request: SpawnRequest) throws -> ProcessOutcome? {
        let process = try ProcessSpawner.spawn(request)
        defer { close(process.pidfd) }
        #expect(ends(pidfd: process.pidfd))
        return process.reap()
    }

    @Test("a command is found through the child's PATH, relative entries counted from the child's folder")
    func path() throws {
        mkdir(folder.path + "/bin", 0o755)
        folder.write("bin/tool", Array("#!/bin/sh\nexit 7\n".utf8), mode: 0o755)
        #expect(try outcome(request("tool", path: "/nowhere:\(folder.path)/bin")) == .exited(7))
        #expect(try outcome(request("tool", path: "bin")) == .exited(7))
        #expect(try outcome(request("bin/tool", path: "")) == .exited(7))
        folder.write("here", Array("#!/bin/sh\nexit 8\n".utf8), mode: 0o755)
        #expect(try outcome(request("here", path: "/usr/bin:")) == .exited(8))
        #expect(failure(request("here")) == .commandNotFound)
    }

    @Test("an unusable file on the PATH does not hide a later one")
    func shadow() throws {
        mkdir(folder.path + "/a", 0o755)
        mkdir(folder.path + "/a/true", 0o755)
        #expect(try outcome(request("true", path: "a:/usr/bin:/bin")) == .exited(0))
    }

    @Test("what cannot be started says why")
    func failures() throws {
        folder.write("plain", Array("text".utf8))
        folder.write("lost", Array("#!/no/such/interpreter\n".utf8), mode: 0o755)
        folder.write("unknown", [1, 2, 3, 4], mode: 0o755)
        #expect(failure(request("no-such-command")) == .commandNotFound)
        #expect(failure(request("./no-such-command")) == .commandNotFound)
        #expect(failure(request("./plain/x")) == .commandNotFound)
        #expect(failure(request("./plain")) == .notExecutable)
        #expect(failure(request("plain", path: folder.path)) == .notExecutable)
        #expect(failure(request("./lost")) == .notExecutable)
        #expect(failure(request("./unknown")) == .notExecutable)
        #expect(failure(request("/tmp")) == .notExecutable)
        #expect(failure(request("")) == .invalidRequest)
        #expect(failure(request("true", ["a\0b"])) == .invalidRequest)
        #expect(failure(request("true", [String(repeating: "x", count: 1 << 20)])) == .argumentsTooLong)
        var nowhere = request("true")
        nowhere.workdir = folder.path + "/missing"
        #expect(failure(nowhere) == .badWorkdir)
        nowhere.workdir = folder.path + "/plain"
        #expect(failure(nowhere) == .badWorkdir)
        var twice = request("true")
        twice.descriptors = [.init(2, as: 1), .init(2, as: 1)]
        #expect(failure(twice) == .invalidRequest)
        twice.descriptors = [.init(9999, as: 1)]
        #expect(failure(twice) == .invalidRequest)
    }

    @Test("descriptors arrive under their numbers, also when they are swapped, and nothing else does")
    func descriptors() throws {
        var pair: [Int32] = [-1, -1]
        #expect(rf_pipe_cloexec(&pair) == 0)
        let leaked = dup(pair[0])
        defer { close(leaked) }
        let output = rf_open(folder.path + "/out", O_WRONLY | O_CREAT, 0o644)
        let null = rf_open("/dev/null", O_RDWR, 0)
        var order = request("sh", ["-c", "echo hi >&5; exec ls /proc/self/fd"])
        // The sources overlap the targets in both directions.
        order.descriptors = [
            .init(null, as: 0), .init(output, as: 1), .init(2, as: 2), .init(pair[1], as: pair[0]), .init(pair[0], as: pair[1]),
            .init(output, as: 5),
        ]
        var seen: Set<Int32> = []
        order.descriptors.removeAll { !seen.insert($0.target).inserted }
        #expect(try outcome(order) == .exited(0))
        for descriptor in pair + [output, null] { close(descriptor) }
        let lines = folder.text("out").split(separator: "\n").map(String.init)
        var expected = Set(order.descriptors.map(\.target))
        // What `ls` opens is the lowest that is free.
        var own: Int32 = 0
        while expected.contains(own) { own += 1 }
        expected.insert(own)
        #expect(lines.first == "hi")
        #expect(Set(lines.dropFirst()) == Set(expected.map { "\($0)" }))
    }

    @Test("a program that is held open is started after its file is gone")
    func image() throws {
        let copy = folder.path + "/copy"
        #expect(try outcome(request("cp", ["/bin/true", copy])) == .exited(0))
        let image = try ProgramImage(path: copy)
        defer { close(image.descriptor) }
        unlink(copy)
        let null = rf_open("/dev/null", O_RDWR, 0)
        defer { close(null) }
        // A target above the program's own number, so that it has to give way.
        for target in [3, image.descriptor, image.descriptor + 3] {
            let request = SpawnRequest(
                .image(image), arguments: ["copy"], environment: [], descriptors: [.init(null, as: 0), .init(null, as: target)])
            #expect(try outcome(request) == .exited(0))
        }
        #expect(throws: SpawnFailure.self) { try ProgramImage(path: copy) }
    }

    @Test("groups and sessions are as asked")
    func grouping() throws {
        for (grouping, group, session) in [
            (SpawnRequest.Grouping.ownGroup, true, false), (.ownSession, true, true), (.parentsGroup, false, false),
        ] {
            var order = request("sleep", ["1000"])
            order.grouping = grouping
            let process = try ProcessSpawner.spawn(order)
            defer { close(process.pidfd) }
            #expect((getpgid(process.pid) == process.pid) == group)
            #expect((getsid(process.pid) == process.pid) == session)
            #expect(process.reap() == nil)
            process.signal(SIGKILL)
            #expect(ends(pidfd: process.pidfd))
            #expect(process.reap() == .signalled(SIGKILL))
        }
    }

    @Test("a guarded process ends with its parent, and at once when that is another than it was told")
    func parentGuard() throws {
        let post = try Signpost(folder, "post")
        let output = rf_open(post.path, O_WRONLY, 0)
        defer { close(output) }
        func tool(_ arguments: [String]) throws -> SpawnedProcess {
            try ProcessSpawner.spawn(
                SpawnRequest(
                    .command(RunnerHarness.tool), arguments: ["tool"] + arguments, environment: [],
                    descriptors: [.init(output, as: 0), .init(output, as: 1), .init(2, as: 2)]))
        }
        let parent = try tool(["parent"])
        let child = try post.pid()
        #expect(lives(child))
        parent.signal(SIGKILL)
        #expect(ends(pidfd: parent.pidfd))
        #expect(parent.reap() == .signalled(SIGKILL))
        close(parent.pidfd)
        #expect(ends(child))
        let orphan = try tool(["guarded", "1"])
        #expect(ends(pidfd: orphan.pidfd))
        #expect(orphan.reap() == .exited(9))
        close(orphan.pidfd)
    }

    @Test("a token is found wherever it stands in an environment")
    func tokens() {
        #expect(ProcessTable.token(in: Array("A=1\0RAYFLOW_STEP=x/1\0B=2\0".utf8)) == "x/1")
        #expect(ProcessTable.token(in: Array("RAYFLOW_STEP=\0".utf8)) == "")
        #expect(ProcessTable.token(in: Array("XRAYFLOW_STEP=1\0RAYFLOW_STEPS=2\0".utf8)) == nil)
        #expect(ProcessTable.token(in: []) == nil)
        #expect(ProcessTable.relation(of: getpid())?.parent == getppid())
        #expect(ProcessTable.relation(of: getpid())?.group == getpgrp())
        #expect(ProcessTable.all().contains(getpid()))
    }
}
