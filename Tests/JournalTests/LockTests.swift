import Glibc
@testable import Journal
import Testing

@Suite("Locks")
struct LockTests {
    private let temporary = TemporaryFolder()
    private var run: RunFolder { RunFolder(path: temporary.path, id: "test") }

    private static func take(_ run: RunFolder) throws -> RunLock? {
        switch try RunLock.acquire(run, info: .current(epoch: 4, session: "/run/session one")) {
        case .acquired(let lock): lock
        case .held: nil
        }
    }

    @Test("one holder at a time, in one process too, and the other is told who holds it")
    func exclusive() throws {
        #expect(try RunLock.peek(run) == nil)
        let lock = try #require(try Self.take(run))
        guard case .held(let info) = try RunLock.acquire(run, info: .current()) else {
            Issue.record("two holders")
            return
        }
        #expect(info == lock.info)
        #expect(info.processID == getpid() && info.epoch == 4 && info.session == "/run/session one" && !info.host.isEmpty)
        #expect(try RunLock.peek(run) == info)
        try lock.update { info in
            info.epoch = 5
            info.session = ""
        }
        #expect(try RunLock.peek(run)?.epoch == 5)
        #expect(try RunLock.peek(run)?.session == "")
        lock.release()
        lock.release()
        #expect(try RunLock.peek(run) == nil)
        #expect(try Self.take(run) != nil)
        #expect(throws: JournalFault.self) { try lock.update { $0.epoch = 6 } }
    }

    @Test("a pipe or a folder in the place of the lock or of a segment is a fault, never a wait")
    func otherKinds() throws {
        #expect(mkfifo(run.lock, 0o600) == 0)
        #expect(throws: JournalFault.self) { try RunLock.peek(run) }
        #expect(throws: JournalFault.self) { try RunLock.acquire(run, info: .current()) }
        unlink(run.lock)
        #expect(mkdir(run.lock, 0o700) == 0)
        #expect(throws: JournalFault.self) { try RunLock.peek(run) }
        let pipe = temporary.path + "/pipe"
        #expect(mkfifo(pipe, 0o600) == 0)
        let fault = #expect(throws: JournalFault.self) { try Files.read(pipe, atMost: 10) }
        #expect(fault?.message == "it is no regular file")
    }

    @Test("another process sees the lock and its holder")
    func acrossProcesses() async throws {
        let lock = try #require(try Self.take(run))
        await #expect(processExitsWith: .success) { [path = temporary.path as String, holder = Int(getpid()) as Int] in
            let run = RunFolder(path: path, id: "test")
            guard case .held(let info) = try RunLock.acquire(run, info: .current()), Int(info.processID) == holder else { exit(2) }
            guard let seen = try RunLock.peek(run), Int(seen.processID) == holder else { exit(3) }
            // Closing the file here must not take the other's lock away, as it would with locks that belong to a process.
            guard try RunLock.peek(run) != nil else { exit(4) }
        }
        #expect(try RunLock.peek(run) == lock.info)
    }

    @Test("the death of the holder releases the lock, whatever the file tells")
    func death() async throws {
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = temporary.path as String] in
            let lock = try LockTests.take(RunFolder(path: path, id: "test"))
            guard lock != nil, try RunLock.peek(RunFolder(path: path, id: "test")) != nil else { exit(2) }
            kill(getpid(), SIGKILL)
            withExtendedLifetime(lock) {}
        }
        let text = try Files.read(run.lock, atMost: 1000)
        #expect(!text.isEmpty)
        #expect(try RunLock.peek(run) == nil)
        #expect(try Self.take(run) != nil)
    }

    @Test("a program that the holder starts does not inherit the lock")
    func notInherited() throws {
        let lock = try #require(try Self.take(run))
        var gate: [Int32] = [0, 0]
        #expect(pipe(&gate) == 0)
        // `cat` lives until the gate closes.
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, gate[0], 0)
        posix_spawn_file_actions_addclose(&actions, gate[1])
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("cat"), nil]
        defer { free(arguments[0]) }
        var child = pid_t()
        #expect(posix_spawn(&child, "/bin/cat", &actions, nil, &arguments, nil) == 0)
        let inherited = try Files.names(in: "/proc/\(child)/fd").map { name in
            var target = [CChar](repeating: 0, count: 4096)
            let count = readlink("/proc/\(child)/fd/\(name)", &target, target.count)
            return String(decoding: target.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        #expect(!inherited.contains(run.lock))
        #expect(inherited.contains("/dev/null"))
        withExtendedLifetime(lock) {}
        close(gate[0])
        close(gate[1])
        var status: Int32 = 0
        waitpid(child, &status, 0)
    }

    @Test("any content of a lock file is read without harm")
    func strangeContent() throws {
        for text in ["", "\n\n", "pid", "pid x\nepoch -1", "host a b c\npid 12\nend\npid 13\n", String(repeating: "z ", count: 20_000)] {
            let info = RunLock.Info(text: text)
            #expect(info.processID == 0 || info.processID == 12 && info.host == "a b c")
        }
        let info = RunLock.Info.current(epoch: 9, session: "/s")
        #expect(RunLock.Info(text: info.text) == info)
        #expect("\(RunLock.Info())" == "another process")
    }

    @Test("a lock in a missing folder is a fault, and peeking there is nobody")
    func missingFolder() throws {
        let nowhere = RunFolder(path: "\(temporary.path)/none", id: "none")
        #expect(try RunLock.peek(nowhere) == nil)
        let fault = try #require(throws: JournalFault.self) { try RunLock.acquire(nowhere, info: .current()) }
        #expect(fault.code == .missing)
    }

    @Test("runners share the fence; an exclusive holder waits for all of them, until its time is over or it is cancelled")
    func fence() throws {
        guard case .acquired(let first) = try Fence.acquire(run, .shared, within: .zero),
            case .acquired(let second) = try Fence.acquire(run, .shared, within: .zero)
        else {
            Issue.record("runners do not share the fence")
            return
        }
        #expect(try outcome(.exclusive, within: .zero) == "timed out")
        var asked = 0
        let cancelled = try outcome(.exclusive, within: nil) {
            asked += 1
            return asked == 3
        }
        #expect(cancelled == "cancelled" && asked == 3)
        _ = consume first
        #expect(try outcome(.exclusive, within: .zero) == "timed out")
        _ = consume second
        #expect(try outcome(.exclusive, within: .zero) == "acquired")
    }

    @Test("an exclusive fence keeps runners out, and comes free while another waits for it")
    func fenceWait() throws {
        guard case .acquired(let fence) = try Fence.acquire(run, .exclusive, within: .zero) else {
            Issue.record("the fence is not free")
            return
        }
        #expect(try outcome(.shared, within: .zero) == "timed out")
        var held: Fence? = consume fence
        // Released from within the wait itself, so that it was not free at first.
        let waited = try outcome(.shared, within: nil) {
            held = nil
            return false
        }
        #expect(waited == "acquired" && held == nil)
    }

    private func outcome(_ mode: Fence.Mode, within time: Duration?, _ isCancelled: () -> Bool = { false }) throws -> String {
        switch try Fence.acquire(run, mode, within: time, isCancelled: isCancelled) {
        case .acquired: "acquired"
        case .timedOut: "timed out"
        case .cancelled: "cancelled"
        }
    }
}
