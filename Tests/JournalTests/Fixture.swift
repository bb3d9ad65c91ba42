import Glibc
@testable import Journal
import Synchronization

/// A folder of its own for a test, removed with everything in it afterwards. In memory where that exists: the tests sync thousands of times.
final class TemporaryFolder: Sendable {
    let path: String

    convenience init() { self.init(in: access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp") }

    init(in base: String) {
        var template = Array("\(base)/rayflow-journal-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { fatalError("mkdtemp failed: \(errno)") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { Self.remove(path) }

    func folder(_ name: String) throws -> String {
        let folder = "\(path)/\(name)"
        try Files.makeFolder(folder)
        return folder
    }

    private static func remove(_ path: String) {
        for name in (try? Files.names(in: path)) ?? [] {
            let entry = "\(path)/\(name)"
            if unlink(entry) != 0 { remove(entry) }
        }
        rmdir(path)
    }
}

/// What commits reported, in order; waits for them without sleeping.
final class Commits: Sendable {
    private let outcomes = Mutex<[(Int, JournalFault?)]>([])

    func note(_ number: Int) -> JournalWriter.Commit {
        { result in
            var fault: JournalFault?
            if case .failure(let error) = result { fault = error }
            self.outcomes.withLock { $0.append((number, fault)) }
        }
    }

    var numbers: [Int] { outcomes.withLock { $0.map(\.0) } }
    var succeeded: [Int] { outcomes.withLock { $0.filter { $0.1 == nil }.map(\.0) } }
    var faults: [JournalFault] { outcomes.withLock { $0.compactMap(\.1) } }
}

enum Sample {
    /// Payloads that differ in length and content, an empty one among them.
    static func record(_ number: Int) -> [UInt8] {
        (0..<(number * 7) % 23).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ number) }
    }

    /// A journal of so many records in one segment, and the bytes of that segment.
    static func segment(records: Int, in folder: String, policy: SyncPolicy = .batch) throws -> (path: String, bytes: [UInt8]) {
        let writer = try JournalWriter.open(folder: folder, epoch: 1, runID: "test", after: nil, options: .init(policy: policy))
        for number in 0..<records { writer.append(record(number)) }
        writer.close()
        let path = "\(folder)/\(SegmentName(epoch: 1, index: 1))"
        return (path, try Files.read(path, atMost: 1 << 20))
    }

    static func isPrefix(_ records: [JournalRecord]) -> Bool {
        records.enumerated().allSatisfy { $1.payload == record($0) && $1.sequence == UInt64($0 + 1) }
    }
}

func payloads(_ folder: String) throws(JournalFault) -> [[UInt8]] {
    try JournalReader.read(folder: folder).records.map(\.payload)
}
