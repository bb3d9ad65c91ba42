import Testing

@testable import Raylet

private let gib: UInt64 = 1 << 30

@Suite("Memory monitor") struct MemoryMonitorTests {
    private func candidate(
        _ process: UInt64, since: UInt64, retriable: Bool = true, idle: Bool = false, bytes: UInt64 = gib
    ) -> MemoryMonitor.Candidate {
        .init(process: process, since: since, isRetriable: retriable, isIdle: idle, bytes: bytes)
    }
    private func full(at time: UInt64 = 1) -> MemorySample { MemorySample(total: 10 * gib, used: 10 * gib, taken: time) }

    @Test("what may be in use is 95 % by default, and on a large machine all but 3 GiB")
    func threshold() {
        let rules = MemoryMonitor.Rules()
        #expect(rules.threshold(of: 10 * gib) == UInt64(9.5 * Double(gib)))
        #expect(rules.threshold(of: 100 * gib) == 97 * gib)
        #expect(rules.threshold(of: gib) == UInt64(0.95 * Double(gib)))
        #expect(MemoryMonitor.Rules(usageThreshold: 0.5).threshold(of: 100 * gib) == 50 * gib)
    }

    @Test("nothing is short at the threshold, or where nothing is known")
    func edges() {
        let rules = MemoryMonitor.Rules(usageThreshold: 0.5)
        #expect(!rules.isShort(used: 5 * gib, of: 10 * gib))
        #expect(rules.isShort(used: 5 * gib + 1, of: 10 * gib))
        #expect(!rules.isShort(used: 0, of: 0))
        #expect(!MemoryMonitor.Rules(usageThreshold: 1).isShort(used: 10 * gib, of: 10 * gib))
    }

    @Test("the one whose work began last goes first, those whose work may not be done again go last")
    func order() {
        var monitor = MemoryMonitor()
        var all = [
            candidate(1, since: 10), candidate(2, since: 30), candidate(3, since: 20), candidate(4, since: 99, retriable: false),
            candidate(5, since: 98, retriable: false),
        ]
        var order: [UInt64] = []
        var time: UInt64 = 100
        while let choice = monitor.choose(full(at: time), among: all) {
            order.append(choice.process)
            all.removeAll { $0.process == choice.process }
            time += 10
            let report = monitor.workerGone(choice.process, now: time)
            #expect(report != nil)
        }
        #expect(order == [2, 3, 1, 4, 5])
    }

    @Test("an idle worker that holds much goes before one that works, the largest first; a small one is left alone")
    func idle() {
        var monitor = MemoryMonitor()
        let small = candidate(1, since: 0, idle: true, bytes: MemoryLimits.idleWorkerBytes - 1)
        let large = candidate(2, since: 0, idle: true, bytes: 2 * gib), middle = candidate(3, since: 0, idle: true)
        let first = monitor.choose(full(), among: [small, middle, large, candidate(4, since: 9)])
        #expect(first?.process == 2)
        monitor = MemoryMonitor()
        let second = monitor.choose(full(), among: [small, candidate(4, since: 9)])
        #expect(second?.process == 4)
        monitor = MemoryMonitor()
        let third = monitor.choose(full(), among: [small])
        #expect(third == nil)
    }

    @Test("one at a time: the next is chosen by a sample from after the end of the last")
    func pauses() {
        var monitor = MemoryMonitor()
        let all = [candidate(1, since: 1), candidate(2, since: 2)]
        let first = monitor.choose(full(at: 10), among: all), meanwhile = monitor.choose(full(at: 20), among: all)
        #expect(first?.process == 2 && meanwhile == nil)
        let other = monitor.workerGone(1, now: 25), report = monitor.workerGone(2, now: 30)
        #expect(other == nil && report != nil)
        let outdated = monitor.choose(full(at: 29), among: all), next = monitor.choose(full(at: 30), among: all)
        #expect(outdated == nil && next?.process == 2)
    }

    @Test("the reason has the figures, the choice and who holds most")
    func report() throws {
        var monitor = MemoryMonitor()
        monitor.rules.usageThreshold = 0.5
        var sample = MemorySample(total: 4 * gib, used: 3 * gib + gib / 4, taken: 1)
        sample.processes = (1...20).map { .init(pid: UInt32($0), name: "rayflow-worker", bytes: UInt64(21 - $0) << 20) }
        _ = monitor.choose(sample, among: [candidate(7, since: 1, bytes: 20 << 20)])
        let gone = monitor.workerGone(7, now: 2)
        let report = try #require(gone)
        #expect(report.contains("3.2 GiB of 4.0 GiB are in use, more than 2.0 GiB; the worker held 20.0 MiB"))
        #expect(report.contains("its work began last"))
        #expect(report.contains("rayflow-worker 1: 20.0 MiB") && report.contains("rayflow-worker 10: 11.0 MiB"))
        #expect(!report.contains("rayflow-worker 11"))
    }
}
