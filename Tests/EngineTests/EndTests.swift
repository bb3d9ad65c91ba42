import EngineTestRemotes
import Foundation
import Rayflow
import RayflowCore
import Testing

extension EngineTests {
    @Suite("What is left after the end")
    struct EndTests {
        @Test("a cluster that is shut down leaves no process, no session folder, nothing in /dev/shm")
        func nothing() async throws {
            let shared = try FileManager.default.contentsOfDirectory(atPath: "/dev/shm")
            var pids: [Int32] = []
            var session = ""
            try await withCluster(cpus: 3) { ray, embedded in
                session = embedded.session.path
                #expect(FileManager.default.fileExists(atPath: session))
                let counter = Counter.start.remote(0)
                pids.append(Int32(try await counter.pid.remote().get()))
                let scratch = Scratch()
                let waiting = (0..<3).map { Tasks.waits.remote(scratch.file("\($0)")) }
                for index in 0..<3 { pids.append(try #require(Int32(try await line(in: scratch.file("\(index)"))))) }
                withExtendedLifetime(waiting) {}
            }
            #expect(Set(pids).count == 4)
            for pid in pids { #expect(kill(pid, 0) != 0, "process \(pid) is still there") }
            #expect(!FileManager.default.fileExists(atPath: session))
            // The journal's tests work there at the same time.
            let left = try FileManager.default.contentsOfDirectory(atPath: "/dev/shm")
                .filter { !shared.contains($0) && !$0.hasPrefix("rayflow-journal-") }
            #expect(left.isEmpty)
        }

        @Test("a cluster that is shut down leaves no thread and no descriptor in its process")
        func threads() async throws {
            func left() -> [String] {
                let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
                let names = threads.compactMap { try? String(contentsOfFile: "/proc/self/task/\($0)/comm", encoding: .utf8) }
                let files = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
                let targets = files.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)") }
                return names.filter { $0.hasPrefix("rayflow-") || $0.hasPrefix("NIO-ELT") }
                    + targets.filter {
                        $0.contains("rayflow") || $0.contains("EngineTestWorker") || $0.contains("pidfd") || $0.contains("eventfd")
                    }
            }
            try await withCluster { _, _ in _ = try await Tasks.square.remote(1).get() }
            let before = left().count
            for _ in 0..<4 {
                try await withCluster { ray, _ in
                    _ = try await Tasks.norm.remote(try ray.put([Float](repeating: 1, count: 100_000)).view()).get()
                }
            }
            // Threads end a moment after they were told.
            while left().count > before { try await Task.sleep(for: .milliseconds(5)) }
        }

        @Test("clusters come and go in one process")
        func again() async throws {
            for round in 0..<5 {
                try await withCluster { _, _ in
                    let value = try await Tasks.square.remote(round).get()
                    #expect(value == round * round)
                }
            }
        }

        @Test("two clusters live side by side, and a ref knows its own")
        func two() async throws {
            try await withCluster { one, _ in
                try await withCluster { two, _ in
                    let (a, b) = (Tasks.square.on(one).remote(2), Tasks.square.on(two).remote(3))
                    let values = [try await a.get(), try await b.get()]
                    #expect(values == [4, 9])
                    let pids = [try await Tasks.pid.on(one).remote().get(), try await Tasks.pid.on(two).remote().get()]
                    #expect(pids[0] != pids[1])
                }
            }
        }

        @Test("workers end when their driver is killed")
        func orphans() async throws {
            let scratch = Scratch()
            let run = DriverRun(scratch, phase: "family")
            // Its workers hold the other end of the pipe: that the output came to its end means that they are gone.
            #expect(run.wasKilled)
        }
    }
}
