import CLinux
import Glibc
@testable import Journal
import Synchronization
import Testing

@Suite("Faults of the disk")
struct FaultTests {
    private let temporary = TemporaryFolder()

    private func open(_ faults: Faults, _ policy: SyncPolicy = .batch, seen: FaultLog) throws -> JournalWriter {
        var options = JournalWriter.Options(policy: policy)
        options.calls = faults.calls
        return try JournalWriter.open(folder: temporary.path, epoch: 1, runID: "test", after: nil, options: options) { seen.add($0) }
    }

    @Test("short and interrupted writes are continued")
    func shortWrites() throws {
        var calls = FileCalls.system
        let counter = Counter()
        calls.write = { file, bytes in
            if counter.next() % 3 == 0 {
                errno = EINTR
                return -1
            }
            return write(file, bytes.baseAddress, min(bytes.count, 5))
        }
        var options = JournalWriter.Options()
        options.calls = calls
        let writer = try JournalWriter.open(folder: temporary.path, epoch: 1, runID: "test", after: nil, options: options)
        for number in 0..<40 { writer.append(Sample.record(number)) }
        writer.close()
        let contents = try JournalReader.read(folder: temporary.path)
        #expect(contents.records.count == 40 && Sample.isPrefix(contents.records))
    }

    @Test(
        "a write that fails halfway moves the unsynced records to a new segment, and nobody is told of a fault",
        arguments: SyncPolicy.allCases)
    func failedWrite(policy: SyncPolicy) throws {
        let faults = Faults(), seen = FaultLog(), commits = Commits()
        let writer = try open(faults, policy, seen: seen)
        for number in 0..<20 {
            if number == 7 || number == 15 { faults.failNextWrite(ENOSPC, after: 9) }
            writer.append(Sample.record(number), commit: commits.note(number))
            if number % 4 == 3 { flush(writer) }
        }
        writer.close()
        #expect(commits.succeeded == Array(0..<20))
        #expect(seen.faults.isEmpty)
        let contents = try JournalReader.read(folder: temporary.path)
        #expect(contents.records.count == 20 && Sample.isPrefix(contents.records))
        #expect(contents.end.segments.count >= 3)
    }

    @Test("a sync that fails moves the unsynced records to a new segment: the old one is not trusted beyond its last sync")
    func failedSync() throws {
        let faults = Faults(), seen = FaultLog(), commits = Commits()
        let writer = try open(faults, seen: seen)
        for number in 0..<5 { writer.append(Sample.record(number), commit: commits.note(number)) }
        flush(writer)
        faults.failNextSync(EIO)
        for number in 5..<9 { writer.append(Sample.record(number), commit: commits.note(number)) }
        flush(writer)
        writer.close()
        #expect(commits.succeeded == Array(0..<9) && seen.faults.isEmpty)
        // What the kernel dropped after the failed sync must not matter.
        let first = "\(temporary.path)/\(SegmentName(epoch: 1, index: 1))"
        let end = try JournalReader.read(folder: temporary.path).end
        try Files.writeAtomically(first, Array(try Files.read(first, atMost: 1 << 20).prefix(Int(end.segments[0].offset))), sync: false)
        let contents = try JournalReader.read(folder: temporary.path)
        #expect(contents.records.count == 9 && Sample.isPrefix(contents.records))
        #expect(contents.end.segments.count == 2)
    }

    @Test(
        "when the new segment fails, too, the fault is told once and every pending and later commit gets it", arguments: SyncPolicy.allCases
    )
    func finalFault(policy: SyncPolicy) throws {
        let faults = Faults(), seen = FaultLog(), commits = Commits()
        let writer = try open(faults, policy, seen: seen)
        for number in 0..<5 { writer.append(Sample.record(number), commit: commits.note(number)) }
        flush(writer)
        faults.failAllWrites(EIO)
        for number in 5..<10 {
            writer.append(Sample.record(number), commit: commits.note(number))
            flush(writer)
        }
        faults.heal()
        writer.append(Sample.record(10), commit: commits.note(10))
        writer.close()
        #expect(commits.numbers == Array(0...10))
        #expect(commits.succeeded == Array(0..<5))
        #expect(seen.faults.count == 1)
        #expect(Set(commits.faults) == Set(seen.faults))
        #expect(seen.faults.first?.errorNumber == EIO)
        let contents = try JournalReader.read(folder: temporary.path)
        #expect(contents.records.count == 5 && Sample.isPrefix(contents.records))
        #expect(try Files.names(in: temporary.path).allSatisfy { SegmentName($0) != nil })
    }

    @Test("a full disk fails the commits with diskFull; every acknowledged record is there, and space lets the run go on")
    func fullDisk() throws {
        let disk = try temporary.folder("disk")
        guard mount("none", disk, "tmpfs", 0, "size=256k") == 0 else {
            print("skipped: a small file system cannot be mounted here (\(String(cString: strerror(errno))))")
            return
        }
        defer { umount2(disk, 2) }
        let seen = FaultLog(), commits = Commits()
        let journal = "\(disk)/journal"
        try Files.makeFolder(journal)
        try Files.writeAtomically("\(disk)/ballast", [UInt8](repeating: 0, count: 64 << 10), sync: false)
        let writer = try JournalWriter.open(folder: journal, epoch: 1, runID: "test", after: nil) { seen.add($0) }
        for number in 0..<400 {
            writer.append([UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 1000), commit: commits.note(number))
            if number % 10 == 0 { flush(writer) }
        }
        writer.close()
        let acknowledged = commits.succeeded
        #expect(acknowledged == Array(0..<acknowledged.count) && acknowledged.count > 50 && acknowledged.count < 256)
        #expect(seen.faults.map(\.code) == [.diskFull])
        #expect(seen.faults.first?.errorNumber == ENOSPC)
        let contents = try JournalReader.read(folder: journal)
        #expect(contents.records.count >= acknowledged.count)
        for (number, record) in contents.records.enumerated() {
            #expect(record.payload == [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 1000))
        }
        let full = try #require(throws: JournalFault.self) {
            try Files.writeAtomically("\(disk)/plan.json", [UInt8](repeating: 0, count: 64 << 10), sync: true)
        }
        #expect(full.code == .diskFull)
        #expect(try Files.names(in: disk).sorted() == ["ballast", "journal"])

        unlink("\(disk)/ballast")
        let next = try JournalWriter.open(folder: journal, epoch: 2, runID: "test", after: contents.end)
        next.append([1], commit: commits.note(-1))
        next.close()
        #expect(commits.succeeded.last == -1)
        #expect(try JournalReader.read(folder: journal).records.count == contents.records.count + 1)
    }

    @Test("a limit on the size of files moves the journal to new segments")
    func fileSizeLimit() async throws {
        await #expect(processExitsWith: .success) { [path = temporary.path as String] in
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 4096, rlim_max: 4096)
            guard setrlimit(__rlimit_resource_t(1), &limit) == 0 else { exit(2) }
            let commits = Commits(), seen = FaultLog()
            let writer = try JournalWriter.open(folder: path, epoch: 1, runID: "test", after: nil) { seen.add($0) }
            for number in 0..<100 {
                writer.append([UInt8](repeating: UInt8(number), count: 200), commit: commits.note(number))
                flush(writer)
            }
            writer.append([UInt8](repeating: 0, count: 5000), commit: commits.note(100))
            writer.close()
            guard commits.succeeded == Array(0..<100), seen.faults.map(\.code) == [.diskFull] else { exit(3) }
        }
        let contents = try JournalReader.read(folder: temporary.path)
        #expect(contents.records.map(\.payload) == (0..<100).map { [UInt8](repeating: UInt8($0), count: 200) })
        #expect(contents.end.segments.count > 5)
    }

    @Test("a folder that cannot be written to is a fault that says so")
    func unwritable() async throws {
        let folder = try temporary.folder("closed")
        chmod(temporary.path, 0o755)
        chmod(folder, 0o555)
        await #expect(processExitsWith: .success) { [folder = folder as String] in
            if getuid() == 0, setuid(65534) != 0 { exit(2) }
            for attempt in 0..<3 {
                do throws(JournalFault) {
                    switch attempt {
                    case 0: _ = try JournalWriter.open(folder: folder, epoch: 1, runID: "test", after: nil)
                    case 1: _ = try RunHome(path: "\(folder)/.rayflow").makeRun(name: "hello")
                    default: try Files.writeAtomically("\(folder)/plan.json", [1], sync: true)
                    }
                    exit(3)
                } catch {
                    guard error.code == .unwritable, error.errorNumber == EACCES, error.message.contains("make it writable") else {
                        exit(4)
                    }
                }
            }
        }
    }
}

/// File calls that fail when told to.
final class Faults: Sendable {
    private struct State {
        var write: (error: Int32, after: Int)?
        var sync: Int32?
        var allWrites: Int32?
    }
    private let state = Mutex(State())

    /// The next write takes that many bytes and the one after it fails.
    func failNextWrite(_ error: Int32, after count: Int) { state.withLock { $0.write = (error, count) } }
    func failNextSync(_ error: Int32) { state.withLock { $0.sync = error } }
    func failAllWrites(_ error: Int32) { state.withLock { $0.allWrites = error } }
    func heal() { state.withLock { $0 = State() } }

    var calls: FileCalls {
        var calls = FileCalls.system
        calls.write = { file, bytes in
            let fault: (error: Int32, after: Int)? = self.state.withLock { state in
                if let all = state.allWrites { return (all, 0) }
                defer { if let write = state.write { state.write = write.after == 0 ? nil : (write.error, 0) } }
                return state.write
            }
            guard let fault else { return FileCalls.system.write(file, bytes) }
            if fault.after > 0 { return write(file, bytes.baseAddress, min(fault.after, bytes.count)) }
            errno = fault.error
            return -1
        }
        calls.sync = { file in
            let error: Int32? = self.state.withLock { state in
                defer { state.sync = nil }
                return state.sync
            }
            guard let error else { return fdatasync(file) }
            errno = error
            return -1
        }
        return calls
    }
}

final class FaultLog: Sendable {
    private let all = Mutex<[JournalFault]>([])
    var faults: [JournalFault] { all.withLock { $0 } }
    func add(_ fault: JournalFault) { all.withLock { $0.append(fault) } }
}

final class Counter: Sendable {
    private let value = Atomic<Int>(0)
    func next() -> Int { value.wrappingAdd(1, ordering: .relaxed).newValue }
}
