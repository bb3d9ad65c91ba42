import Rayflow

/// The running example of "Learning Ray", chapter 2: a database, tasks that retrieve from it, follow-up tasks, and a tracker actor.

struct Retrieved: RemoteValue {
    var item: Int
    var text: String
}

final class DataTracker: RemoteActor {
    private var counts = 0
    init() {}

    static let start = constructor { DataTracker() }
    static let increment = method("increment") { (me: DataTracker) in me.counts += 1 }
    static let counts = method("counts") { (me: DataTracker) in me.counts }
    static let members = Members(start, increment, counts)
}

enum Retrieve {
    /// Retrieving an item takes a tenth of a second for each place in the database.
    static let item = RemoteFunction("Retrieve.item(item:db:tracker:)") {
        (item: Int, db: [String], tracker: ActorHandle<DataTracker>) in
        tracker.increment.remote()
        try await Task.sleep(for: .milliseconds(100 * item))
        return Retrieved(item: item, text: db[item])
    }

    /// Looks up what stands next to an item that was found.
    static let followUp = RemoteFunction("Retrieve.followUp(found:db:)") { (found: Retrieved, db: [String]) in
        Retrieved(item: found.item + 1, text: "\(found.text) \(db[min(found.item + 1, db.count - 1)])")
    }
}

@main struct RetrieveApp {
    static let remotes = Registry(Retrieve.item, Retrieve.followUp, actors: [DataTracker.self])

    static func main() async throws {
        Rayflow.takeRole(remotes)
        let arguments = CommandLine.arguments.dropFirst()
        guard arguments.isEmpty || arguments.count == 2 && arguments.first == "--run", let name = arguments.last ?? .some("") else {
            print(
                "usage: retrieve [--run NAME]\n  --run NAME  durable: killed and started again with the same name, it goes on where it stopped"
            )
            return
        }
        // Eight retrievals sleep at the same time: they need eight logical CPUs, not eight cores.
        let ray = try await Cluster.start(remotes, resources: ["CPU": 8], run: name.isEmpty ? .ephemeral : .durable(id: name))
        let clock = ContinuousClock(), start = clock.now
        try await ray.run { try await run(ray) }
        print("total \(start.duration(to: clock.now))")
        await ray.shutDown()
    }

    static func run(_ ray: Cluster) async throws {
        let db = try ray.put(["Learning", "Ray", "Flexible", "Distributed", "Python", "for", "Machine", "Learning"])
        let tracker = DataTracker.start.remote()
        let clock = ContinuousClock(), start = clock.now

        var rest = (0..<8).map { Retrieve.item.remote($0, db, tracker) }
        var followUps: [ObjectRef<Retrieved>] = []
        while !rest.isEmpty {
            let (ready, left) = try await ray.wait(rest, count: 2, timeout: .seconds(7))
            for found in try await ray.get(ready) { print("retrieved", found.item, found.text) }
            followUps += ready.map { Retrieve.followUp.remote($0, db) }
            rest = left
        }
        print("eight retrievals \(start.duration(to: clock.now))")
        for found in try await ray.get(followUps).sorted(by: { $0.item < $1.item }) { print("follow-up", found.item, found.text) }
        print("tracked", try await tracker.counts.remote().get())
    }
}
