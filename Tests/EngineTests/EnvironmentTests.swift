import EngineTestRemotes
import Foundation
import Rayflow
import Raylet
import RayflowCore
import Testing
import Transport

extension EngineTests {
    @Suite("Environments of tasks and actors")
    struct EnvironmentTests {
        @Test("a task sees the variables that it asks for, with those of the driver besides; nobody else sees them")
        func tasks() async throws {
            try await withCluster { _, _ in
                let names = ["RF_A", "RF_B", "PATH"]
                let path = ProcessInfo.processInfo.environment["PATH"] ?? "-"
                let own = try await Environments.values.options(environment: ["RF_A": "one", "RF_B": "ä = \n 2"]).remote(names).get()
                #expect(own == ["one", "ä = \n 2", path])
                let other = try await Environments.values.options(environment: ["RF_A": "", "PATH": "/nowhere"]).remote(names).get()
                #expect(other == ["", "-", "/nowhere"])
                let none = try await Environments.values.remote(names).get()
                #expect(none == ["-", "-", path])
            }
        }

        @Test("equal environments share workers, different ones never do")
        func workers() async throws {
            try await withCluster(cpus: 1) { _, _ in
                var pids: [String: Set<String>] = [:]
                for round in 0..<12 {
                    let name = ["", "x", "y"][round % 3]
                    let variables = name.isEmpty ? [:] : ["RF_B": "1", "RF_A": name]
                    let place = try await Environments.place.options(environment: variables).remote(["RF_A"]).get()
                    #expect(place[1] == (name.isEmpty ? "-" : name))
                    pids[name, default: []].insert(place[0])
                }
                #expect(pids.values.allSatisfy { $0.count == 1 })
                #expect(Set(pids.values.joined()).count == 3)
            }
        }

        @Test("many environments do not add up to as many processes")
        func many() async throws {
            try await withCluster(cpus: 1) { _, embedded in
                for number in 0..<30 {
                    let values = try await Environments.values.options(environment: ["RF_A": "\(number)"]).remote(["RF_A"]).get()
                    #expect(values == ["\(number)"])
                }
                let workers = try embedded.loop.sync { embedded.raylet.snapshot().workers }
                #expect(workers.count { $0.state != .dying } <= 2 + SchedulerLimits.idleOfOthers)
            }
        }

        @Test("what a task submits has its variables too, its own before them")
        func inheritance() async throws {
            try await withCluster { _, _ in
                let parent = ["RF_A": "parent", "RF_B": "parent"]
                let names = ["RF_A", "RF_B", "RF_C"]
                let plain = try await Environments.inherited.options(environment: parent).remote(names).get()
                #expect(plain == ["parent", "parent", "-"])
                let merged = try await Environments.merged.options(environment: parent).remote(names, ["RF_B": "child", "RF_C": "child"])
                    .get()
                #expect(merged == ["parent", "child", "child"])
                let actor = try await Environments.actor.options(environment: parent).remote(names).get()
                #expect(actor == ["parent", "parent", "-"])
                let context = try await Environments.context.options(environment: parent).remote().get()
                #expect(context == parent)
            }
        }

        @Test("an actor has its variables for its life and after a restart, and what its methods submit has them too")
        func actors() async throws {
            try await withCluster { _, _ in
                let names = ["RF_A", "RF_B"]
                let actor = Surroundings.start.options(maxRestarts: 1, environment: ["RF_A": "actor"]).remote()
                let other = Surroundings.start.remote()
                let first = try await actor.values.remote(names).get(), none = try await other.values.remote(names).get()
                #expect(first == ["actor", "-"] && none == ["-", "-"])
                let child = try await actor.inherited.remote(names).get()
                #expect(child == ["actor", "-"])
                _ = await actor.dies.remote().outcome()
                let again = try await actor.values.remote(names).get()
                #expect(again == ["actor", "-"])
            }
        }

        @Test(
            "what no process can have is refused when it is asked for",
            arguments: [
                ["": "x"], ["A=B": "x"], ["A\0": "x"], ["A": "x\0y"], ["RAYFLOW_WORKER": "x"],
                ["A": String(repeating: "x", count: RuntimeEnvironment.largestSize)],
            ])
        func refused(environment: [String: String]) async throws {
            try await withCluster { _, _ in
                guard case .failure(let error) = await Tasks.square.options(environment: environment).remote(2).outcome() else {
                    Issue.record("it ran")
                    return
                }
                #expect(error.code == .runtimeEnvSetup && error.message.hasPrefix("environment: "))
                let actor = Surroundings.start.options(environment: environment).remote()
                #expect(await code { _ = try await actor.values.remote([]).get() } == .runtimeEnvSetup)
            }
        }

        @Test("workers inside the driver's process refuse an environment")
        func inProcess() async throws {
            try await withCluster(configure: { $0.workers = .inProcess }) { _, _ in
                guard case .failure(let error) = await Tasks.square.options(environment: ["RF_A": "1"]).remote(2).outcome() else {
                    Issue.record("it ran")
                    return
                }
                #expect(error.code == .runtimeEnvSetup && error.message.contains("RF_A"))
                let actor = Surroundings.start.options(environment: ["RF_A": "1"]).remote()
                #expect(await code { _ = try await actor.values.remote([]).get() } == .runtimeEnvSetup)
                let value = try await Tasks.square.remote(5).get()
                #expect(value == 25)
            }
        }
    }
}
