import EngineTestRemotes
import Foundation
import Glibc
import Rayflow
import RayflowCore
import Testing

extension EngineTests {
    @Suite("Kills")
    struct KillStormTests {
        @Test("in a storm of kills every get ends with its value or the right error, and nothing is left behind")
        func storm() async throws {
            let plan = StormPlan()
            print("storm: seed \(plan.seed), \(plan.tasks) tasks, \(plan.actors) actors, \(plan.kills) kills")
            let shared = try FileManager.default.contentsOfDirectory(atPath: "/dev/shm")
            var pids: Set<Int32> = []
            var session = ""
            try await withCluster(cpus: 4) { ray, embedded in
                session = embedded.session.path
                var storm = try Storm(plan, ray, embedded)
                try await storm.run()
                #expect(storm.kills == plan.kills)
                pids = storm.pids
                try await storm.settles()
            }
            for pid in pids { #expect(kill(pid, 0) != 0, "process \(pid) is still there") }
            #expect(!FileManager.default.fileExists(atPath: session))
            let left = try FileManager.default.contentsOfDirectory(atPath: "/dev/shm")
                .filter { !shared.contains($0) && !$0.hasPrefix("rayflow-journal-") }
            #expect(left.isEmpty)
        }
    }
}
