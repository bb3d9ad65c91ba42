import Glibc
@testable import Journal
import Synchronization
import Testing

@Suite("The writer")
struct WriterTests {
    private let temporary = TemporaryFolder()

    private func open(
        _ policy: SyncPolicy, _ calls: FileCalls = .system, onFault: @escaping @Sendable (JournalFault) -> Void = { _ in }
    ) throws -> JournalWriter {
        var options = JournalWriter.Options(policy: policy)
        options.calls = calls
        return try JournalWriter.open(folder: temporary.path, epoch: 1, runID: "test", after: nil, options: options, onFault: onFault)
    }

    @Test("records and commits keep the order of the appends", arguments: SyncPolicy.allCases)
    func order(policy: SyncPolicy) throws {
        let writer = try open(policy)
        let commits = Commits()
        for number in 0..<500 { writer.append(Sample.record(number), commit: commits.note(number)) }
        writer.close()
        #expect(commits.succeeded == Array(0..<500))
        #expect(Sample.isPrefix(try JournalReader.read(folder: temporary.path).records))
    }

    @Test("records of several threads all arrive, each thread's in its order")
    func threads() async throws {
        let writer = try open(.batch)
        await withDiscardingTaskGroup { group in
            for thread: UInt8 in 0..<8 {
                group.addTask {
                    for number: UInt8 in 0..<200 { writer.append([thread, number]) }
                }
            }
        }
        writer.close()
        let all = try payloads(temporary.path)
        #expect(all.count == 1600)
        for thread: UInt8 in 0..<8 {
            #expect(all.filter { $0[0] == thread }.map { $0[1] } == (0..<200).map { UInt8($0) })
        }
    }

    @Test("what waits while the thread is busy goes out with one write and, under every, one sync")
    func groupCommit() throws {
        let counters = Counters()
        let writer = try open(.every, counters.calls)
        let entered = Signal(), go = Signal()
        writer.append([1]) { _ in
            entered.send()
            go.wait()
        }
        entered.wait()
        let before = counters.values
        for number in 0..<100 { writer.append(Sample.record(number)) }
        writer.append(batch: (0..<100).map(Sample.record))
        go.send()
        flush(writer)
        let after = counters.values
        // One write of the records and one of the mark behind the sync.
        #expect(after.writes - before.writes == 2)
        #expect(after.syncs - before.syncs == 1)
        writer.close()
    }

    @Test("a batch commits once, behind its last record; an empty one in its turn")
    func batches() throws {
        let writer = try open(.batch)
        let commits = Commits()
        writer.append(batch: [[1], [2], [3]], commit: commits.note(1))
        writer.append(batch: [], commit: commits.note(2))
        writer.append([4], commit: commits.note(3))
        writer.close()
        #expect(commits.succeeded == [1, 2, 3])
        #expect(try payloads(temporary.path) == [[1], [2], [3], [4]])
    }

    @Test("a commit under every comes after the sync, under batch and never after the write", arguments: SyncPolicy.allCases)
    func commitMoment(policy: SyncPolicy) throws {
        let counters = Counters()
        let writer = try open(policy, counters.calls)
        let start = counters.values
        let seen = Mutex<(writes: Int, syncs: Int)?>(nil)
        let done = Signal()
        writer.append([1]) { _ in
            seen.withLock { $0 = counters.values }
            done.send()
        }
        done.wait()
        let values = try #require(seen.withLock { $0 })
        #expect(values.writes > start.writes)
        #expect(values.syncs - start.syncs == (policy == .every ? 1 : 0))
        writer.close()
        #expect(counters.values.syncs > start.syncs)
    }

    @Test("batch syncs what was written without being asked")
    func batchSyncs() throws {
        let synced = Signal()
        var calls = FileCalls.system
        calls.sync = { file in
            defer { synced.send() }
            return fdatasync(file)
        }
        let writer = try open(.batch, calls)
        synced.wait()
        writer.append([1])
        synced.wait()
        writer.close()
    }

    @Test("more queued bytes than the limit is overload, until they are written")
    func overload() throws {
        var options = JournalWriter.Options()
        options.queueBytes = 100
        let writer = try JournalWriter.open(folder: temporary.path, epoch: 1, runID: "test", after: nil, options: options)
        let entered = Signal(), go = Signal()
        writer.append([1]) { _ in
            entered.send()
            go.wait()
        }
        entered.wait()
        writer.append([UInt8](repeating: 0, count: 100))
        #expect(!writer.isOverloaded)
        writer.append([1])
        #expect(writer.isOverloaded)
        go.send()
        flush(writer)
        #expect(!writer.isOverloaded)
        writer.close()
    }

    @Test("a record beyond the limit fails alone and in its turn; one at the limit is taken")
    func recordLimit() throws {
        let writer = try open(.batch)
        let commits = Commits()
        let largest = [UInt8](repeating: 9, count: JournalLimits.recordBytes)
        writer.append([1], commit: commits.note(1))
        writer.append(largest + [0], commit: commits.note(2))
        writer.append(largest, commit: commits.note(3))
        writer.append([2], commit: commits.note(4))
        writer.close()
        #expect(commits.numbers == [1, 2, 3, 4])
        #expect(commits.succeeded == [1, 3, 4])
        #expect(commits.faults.map(\.code) == [.tooLarge])
        #expect(try payloads(temporary.path) == [[1], largest, [2]])
        #expect(!writer.isOverloaded)
    }

    @Test("after close an append fails at once, and closing again does nothing")
    func closed() throws {
        let writer = try open(.batch)
        writer.close()
        writer.close()
        let commits = Commits()
        writer.append([1], commit: commits.note(1))
        writer.append(batch: [], commit: commits.note(2))
        writer.flush(commits.note(3))
        #expect(commits.faults.map(\.code) == [.closed, .closed, .closed])
    }

    @Test("a writer can be closed by its own commit")
    func closeFromCommit() throws {
        let writer = try open(.batch)
        let done = Signal()
        writer.append([1]) { _ in
            writer.close()
            done.send()
        }
        done.wait()
        #expect(try payloads(temporary.path) == [[1]])
    }

    @Test("a writer that goes out of scope writes what it was given")
    func droppedWriter() throws {
        var writer: JournalWriter? = try open(.batch)
        for number in 0..<50 { writer?.append(Sample.record(number)) }
        writer = nil
        #expect(try payloads(temporary.path).count == 50)
    }
}

/// Counts the calls that it lets through.
final class Counters: Sendable {
    private let counts = Mutex<(writes: Int, syncs: Int)>((0, 0))

    var values: (writes: Int, syncs: Int) { counts.withLock { $0 } }

    var calls: FileCalls {
        var calls = FileCalls.system
        calls.write = { file, bytes in
            self.counts.withLock { $0.writes += 1 }
            return FileCalls.system.write(file, bytes)
        }
        calls.sync = { file in
            self.counts.withLock { $0.syncs += 1 }
            return FileCalls.system.sync(file)
        }
        return calls
    }
}
