import EngineTestRemotes
import Glibc
import Rayflow

/// One durable run that is killed in one phase and goes on in the next.
struct DurableDriver {
    let folder: String
    /// Where the tasks leave their lines.
    let path: String
    /// `crash`: killed when everything is done but the end; `family`: killed inside a task; `finish`: to the end.
    let phase: String

    func run() async throws {
        let ray = try await Cluster.start(EngineRemotes.registry, resources: ["CPU": 4], run: .durable(id: "test", folder: folder))
        try await ray.run { try await body(ray) }
        await ray.shutDown()
        say("done")
    }

    private func body(_ ray: Cluster) async throws {
        let marks = (0..<10).map { Effects.mark.remote(path, $0) }
        say("marks", try await ray.get(marks))
        let large = Effects.large.remote(path, 100_000)
        say("large", try await large.get().reduce(0) { $0 + Double($1) })

        // Of three, the first is the last to finish.
        let gate = path + ".gate"
        let slow = Effects.slow.remote(gate, 1)
        let candidates = [slow, Tasks.square.remote(11), Tasks.square.remote(12)]
        let (ready, _) = try await ray.wait(candidates, count: 2)
        say("ready", ready.map { candidates.firstIndex(of: $0) ?? -1 })
        try appendLine("", to: gate)
        say("slow", try await slow.get())
        let clock = try await ray.step("clock") { () -> Int in
            try appendLine("clock", to: path)
            return Int.random(in: 0...1 << 40)
        }
        say("clock", clock)

        let counter = Counter.start.remote(1)
        say("mixed", try await ray.get((1...5).map { counter.mix.remote($0) }))
        if phase == "crash" { kill(getpid(), SIGKILL) }

        if phase == "family" { try appendLine("", to: path + ".kill") }
        say("family", try await Effects.family.remote(path).get())
        say("last", try await counter.mix.remote(6).get())
    }
}

/// One line at once: what a driver has said is not lost when it is killed.
func say(_ items: Any...) {
    let line = Array((items.map { "\($0)" }.joined(separator: " ") + "\n").utf8)
    _ = line.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
}
