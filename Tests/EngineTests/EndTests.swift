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
            #expect(try FileManager.default.contentsOfDirectory(atPath: "/dev/shm").filter { !shared.contains($0) }.isEmpty)
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
