import ArgumentParser
import RayflowCLI

/// A counter as an actor: used by `counter.yaml`, and from Swift by the command `counter demo`.
final class Counter: RemoteActor {
    private var value: Int
    private var additions = 0
    init(start: Int) { value = start }

    func add(_ amount: Int) -> Int {
        value += amount
        additions += 1
        return value
    }

    static let start = constructor("init(start:)") { (start: Int) in Counter(start: start) }
    static let add = method("add(amount:)") { (me: Counter, amount: Int) in me.add(amount) }
    static let total = method("total()") { (me: Counter) in me.value }
    static let calls = method("calls()") { (me: Counter) in me.additions }
    static let members = Members(start, add, total, calls)
}

@main struct CounterProgram: WorkflowApp {
    static let remotes = Registry(actors: [Counter.self])
    static var commands: [any ParsableCommand.Type] { [Demo.self] }
}

/// The same from Swift: `counter demo --adders 8`.
struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Count in Swift: several tasks add to one counter.")

    @Option(help: "How many additions at the same time.")
    var adders = 4

    func run() async throws {
        let ray = try await Cluster.start(CounterProgram.remotes)
        do {
            let counter = Counter.start.on(ray).remote(100)
            let sums = (1...max(adders, 1)).map { counter.add.remote($0) }
            for sum in try await ray.get(sums) { print("now \(sum)") }
            print("total \(try await counter.total.remote().get()) after \(try await counter.calls.remote().get()) additions")
        } catch {
            await ray.shutDown()
            throw error
        }
        await ray.shutDown()
    }
}
