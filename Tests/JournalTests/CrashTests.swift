import Glibc
@testable import Journal
import RayflowCore
import Synchronization
import Testing

@Suite("Crashes")
struct CrashTests {
    private let temporary = TemporaryFolder()

    /// Appends until something kills the process, and writes each acknowledged number to a file with one system call before anything else can happen.
    private static func appendUntilKilled(in path: String, policy: SyncPolicy, _ onAcknowledged: @escaping @Sendable (Int) -> Void) throws
        -> Never
    {
        let end = try? JournalReader.read(folder: path + "/journal").end
        var options = JournalWriter.Options(policy: policy)
        // Small batches and segments, so that every place is passed often.
        options.segmentBytes = 4096
        options.queueBytes = 200
        let writer = try JournalWriter.open(
            folder: path + "/journal", epoch: (end?.lastEpoch ?? 0) + 1, runID: "test", after: end, options: options)
        let acknowledgements = open(path + "/acknowledged", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        var number = Int(end?.nextSequence ?? 1) - 1
        for _ in 0..<100_000 {
            let acknowledged = number + 1
            writer.append(Sample.record(number)) { result in
                guard case .success = result else { exit(9) }
                withUnsafeBytes(of: acknowledged) { _ = write(acknowledgements, $0.baseAddress, $0.count) }
                onAcknowledged(acknowledged)
            }
            number += 1
            if writer.isOverloaded { flush(writer) }
        }
        exit(8)
    }

    private func lastAcknowledged() throws -> Int {
        let bytes = try Files.read(temporary.path + "/acknowledged", atMost: 64 << 20)
        return bytes.withUnsafeBytes { $0.count < 8 ? 0 : $0.loadUnaligned(fromByteOffset: $0.count / 8 * 8 - 8, as: Int.self) }
    }

    @Test("after kill -9 every acknowledged record is there, time and again in one journal", arguments: SyncPolicy.allCases)
    func killed(policy: SyncPolicy) async throws {
        _ = try temporary.folder("journal")
        for round in 1...4 {
            let goal = Int.random(in: 1...700)
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [path = temporary.path as String, name = policy.rawValue as String, goal = goal as Int] in
                let base = try JournalReader.read(folder: path + "/journal").end.nextSequence
                try CrashTests.appendUntilKilled(in: path, policy: SyncPolicy(rawValue: name) ?? .batch) { acknowledged in
                    if acknowledged == Int(base) + goal { kill(getpid(), SIGKILL) }
                }
            }
            let contents = try JournalReader.read(folder: temporary.path + "/journal")
            #expect(Sample.isPrefix(contents.records))
            #expect(contents.records.count >= (try lastAcknowledged()))
            #expect(contents.end.lastEpoch == round)
        }
    }

    @Test(
        "the process dies at each fail point of the journal, and nothing acknowledged is lost",
        arguments: FailPoint.all.filter { $0.hasPrefix("journal.") })
    func failPoints(name: String) async throws {
        _ = try temporary.folder("journal")
        for hit in [1, 2, 5] {
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [path = temporary.path as String, name = name as String, hit = hit as Int] in
                setenv("RAYFLOW_FAIL_POINT", "\(name):\(hit)", 1)
                guard FailPoint.complaint == nil else { exit(2) }
                try CrashTests.appendUntilKilled(in: path, policy: .every) { _ in }
            }
            let contents = try JournalReader.read(folder: temporary.path + "/journal")
            #expect(Sample.isPrefix(contents.records))
            if Files.exists(temporary.path + "/acknowledged") { #expect(contents.records.count >= (try lastAcknowledged())) }
        }
    }

    @Test(
        "a file replaced atomically has its old content or the new one at each fail point",
        arguments: ["file.before-rename", "file.after-rename"])
    func atomicFile(name: String) async throws {
        let path = temporary.path + "/plan.json"
        try Files.writeAtomically(path, [1], sync: true)
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, name = name as String] in
            setenv("RAYFLOW_FAIL_POINT", name, 1)
            try Files.writeAtomically(path, [2, 2], sync: true)
        }
        #expect(try Files.read(path, atMost: 10) == (name == "file.before-rename" ? [1] : [2, 2]))
    }

    @Test("RAYFLOW_FAIL_POINT is a name with an optional hit, and anything else is complained about")
    func failPointSetting() async {
        await #expect(processExitsWith: .success) {
            setenv("RAYFLOW_FAIL_POINT", "journal.nowhere", 1)
            guard let complaint = FailPoint.complaint, complaint.contains("journal.nowhere"), complaint.contains("spawn.before") else {
                exit(2)
            }
        }
        for text in [":1", "journal.after-sync:0", "journal.after-sync:x", "a:1:2"] {
            await #expect(processExitsWith: .success) { [text = text as String] in
                setenv("RAYFLOW_FAIL_POINT", text, 1)
                guard FailPoint.complaint != nil else { exit(2) }
                FailPoint.hit("journal.after-sync")
            }
        }
        #expect(Set(FailPoint.all).count == FailPoint.all.count)
    }
}
