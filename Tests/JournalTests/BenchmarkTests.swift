import CLinux
import Glibc
@testable import Journal
import Testing

@Suite("Figures, printed when RAYFLOW_BENCH is set", .enabled(if: getenv("RAYFLOW_BENCH") != nil), .serialized)
struct BenchmarkTests {
    @Test("records of 64 bytes appended a second", arguments: SyncPolicy.allCases)
    func appends(policy: SyncPolicy) throws {
        let count = policy == .every ? 200_000 : 2_000_000
        let folder = TemporaryFolder(in: ".build")
        let writer = try JournalWriter.open(folder: folder.path, epoch: 1, runID: "bench", after: nil, options: .init(policy: policy))
        let record = [UInt8](repeating: 42, count: 64)
        let committed = Signal()
        let start = rf_monotonic_ns()
        for _ in 1..<count {
            writer.append(record)
            if writer.isOverloaded { flush(writer) }
        }
        writer.append(record) { _ in committed.send() }
        let appended = rf_monotonic_ns()
        committed.wait()
        let end = rf_monotonic_ns()
        writer.close()
        func rate(_ time: UInt64) -> UInt64 { UInt64(count) * 1_000_000 / max(time / 1000, 1) }
        print(
            "\(policy.rawValue): \(rate(appended - start)) appends/s, \(rate(end - start)) commits/s, \((appended - start) / UInt64(count)) ns an append"
        )

        let readStart = rf_monotonic_ns()
        var read = 0
        try JournalReader.forEach(folder: folder.path) { _ throws(JournalFault) in read += 1 }
        #expect(read == count)
        print("\(policy.rawValue): \(rate(rf_monotonic_ns() - readStart)) records/s read")
    }

    @Test("one record at a time until it is committed", arguments: SyncPolicy.allCases)
    func roundTrips(policy: SyncPolicy) throws {
        let folder = TemporaryFolder(in: ".build")
        let writer = try JournalWriter.open(folder: folder.path, epoch: 1, runID: "bench", after: nil, options: .init(policy: policy))
        let record = [UInt8](repeating: 42, count: 64)
        let count = policy == .every ? 200 : 20_000
        let committed = Signal()
        let start = rf_monotonic_ns()
        for _ in 0..<count {
            writer.append(record) { _ in committed.send() }
            committed.wait()
        }
        print("\(policy.rawValue): \((rf_monotonic_ns() - start) / UInt64(count) / 1000) µs a round trip")
        writer.close()
    }
}
