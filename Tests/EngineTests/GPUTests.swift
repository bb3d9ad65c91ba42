import EngineTestRemotes
import Foundation
import Rayflow
import RayflowCore
import Testing

extension EngineTests {
    /// Nobody looks at the devices: what is tested is who is told of which.
    @Suite("GPUs")
    struct GPUTests {
        private static let variable = GPUDevices.variable

        private func withGPUs(_ names: [String], _ body: (Cluster) async throws -> Void) async throws {
            let resources = try EngineBoot.resources(["CPU": 8, "GPU": Double(names.count)])
            try await withCluster(configure: { options in
                options.resources = resources
                options.gpus = names
            }) { ray, _ in try await body(ray) }
        }

        @Test("tasks and actors that run at the same time see devices of their own, by the names that the driver sees")
        func distinct() async throws {
            let scratch = Scratch(), gate = scratch.file("gate")
            try await withGPUs(["2", "5", "GPU-abc"]) { _ in
                let first = Environments.devices.options(gpus: 1).remote(scratch.file("a"), gate)
                let two = Environments.devices.options(gpus: 1).remote(scratch.file("b"), gate)
                let actor = Surroundings.start.options(gpus: 1).remote()
                let held = try await actor.values.remote([Self.variable]).get()
                let running = [try await line(in: scratch.file("a")), try await line(in: scratch.file("b"))]
                #expect(Set(held + running) == ["2", "5", "GPU-abc"])
                let waiting = Environments.devices.options(gpus: 1).remote(scratch.file("c"), gate)
                let plain = try await Environments.values.remote([Self.variable]).get()
                #expect(plain == [""], "who asks for none sees none")
                #expect(scratch.lines("c").isEmpty)
                _ = FileManager.default.createFile(atPath: gate, contents: nil)
                let values = [try await first.get(), try await two.get()]
                #expect(values == running)
                let last = try await waiting.get()
                #expect(running.contains(last), "one that a task has given back")
            }
        }

        @Test("several devices are named in order, and TaskContext has their numbers")
        func several() async throws {
            try await withGPUs(["3", "4"]) { _ in
                let both = try await Environments.values.options(gpus: 2).remote([Self.variable]).get()
                #expect(both == ["3,4"])
                let numbers = try await Environments.gpus.options(gpus: 2).remote().get()
                #expect(numbers == [0, 1])
            }
        }

        @Test("two halves share a device, and a whole one waits until both are gone")
        func shared() async throws {
            let scratch = Scratch(), gate = scratch.file("gate")
            try await withGPUs(["7"]) { _ in
                let halves = ["a", "b"].map { Environments.devices.options(gpus: 0.5).remote(scratch.file($0), gate) }
                #expect(try await line(in: scratch.file("a")) == "7")
                #expect(try await line(in: scratch.file("b")) == "7")
                let whole = Environments.devices.options(gpus: 1).remote(scratch.file("c"), gate)
                let plain = try await Tasks.square.remote(3).get()
                #expect(plain == 9 && scratch.lines("c").isEmpty)
                _ = FileManager.default.createFile(atPath: gate, contents: nil)
                for half in halves { _ = try await half.get() }
                let last = try await whole.get()
                #expect(last == "7")
            }
        }

        @Test("a device is another's when the process of a killed actor is gone")
        func released() async throws {
            try await withGPUs(["0"]) { ray in
                let first = Surroundings.start.options(gpus: 1).remote()
                let held = try await first.values.remote([Self.variable]).get()
                let second = Surroundings.start.options(gpus: 1).remote()
                try await ray.kill(first)
                let next = try await second.values.remote([Self.variable]).get()
                #expect(held == ["0"] && next == ["0"])
            }
        }

        @Test("more than one and not whole, or more than there are, is refused")
        func refused() async throws {
            try await withGPUs(["0", "1"]) { _ in
                #expect(await code { _ = try await Tasks.square.options(gpus: 1.5).remote(1).get() } == .invalidArgument)
                #expect(await code { _ = try await Tasks.square.options(gpus: 3).remote(1).get() } == .unschedulable)
            }
        }

        @Test("an environment goes with devices, and cannot name others")
        func environment() async throws {
            try await withGPUs(["6"]) { _ in
                let names = [Self.variable, "RF_A"]
                let own = try await Environments.values.options(gpus: 1, environment: [Self.variable: "9", "RF_A": "1"]).remote(names).get()
                #expect(own == ["6", "1"])
            }
        }
    }
}

@Suite("GPUs of a machine")
struct GPUDevicesTests {
    @Test("are the files nvidia0, nvidia1, … of its devices")
    func detection() throws {
        let folder = Scratch()
        #expect(EngineBoot.gpus(nil, devicesIn: folder.path) == [])
        for name in ["nvidia0", "nvidia1", "nvidia10", "nvidiactl", "nvidia-uvm", "nvidia", "nvidia1x", "null"] {
            _ = FileManager.default.createFile(atPath: folder.file(name), contents: nil)
        }
        let visible = ProcessInfo.processInfo.environment[GPUDevices.variable]
        if visible == nil { #expect(EngineBoot.gpus(nil, devicesIn: folder.path) == ["0", "1", "2"]) }
        #expect(EngineBoot.gpus(nil, devicesIn: folder.file("missing")) == (visible == nil ? [] : EngineBoot.gpus(nil)))
    }

    @Test("are those that the driver may see, or as many as the program asks for")
    func names() {
        let folder = ["nvidia0", "nvidia1", "nvidia2", "tty"]
        func names(_ visible: String?, _ given: Double?) -> [String] {
            GPUDevices.names(deviceFolder: folder, visible: visible, given: given)
        }
        #expect(names(nil, nil) == ["0", "1", "2"])
        #expect(names("2, GPU-x", nil) == ["2", "GPU-x"])
        #expect(names("1,-1,2", nil) == ["1"] && names("", nil) == [])
        #expect(names(nil, 2) == ["0", "1"] && names(nil, 0) == [] && names(nil, 0.5) == ["0"])
        #expect(names(nil, 5) == ["0", "1", "2", "3", "4"], "for tests and machines whose devices are hidden")
        #expect(names("4,5", 1) == ["4"] && names("4", 2) == ["4"])
        #expect(names(nil, .nan) == ["0", "1", "2"] && names(nil, -1) == ["0", "1", "2"])
    }
}
