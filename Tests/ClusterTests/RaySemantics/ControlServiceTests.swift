import Rayflow
import RayflowTestKit
import Testing

@Suite("The control service stops and starts")
struct ControlServiceTests {
    @Test("65: while the control service is away a lookup by name ends with getTimeout; a name is free when its actor went after a restart")
    func lookup() async throws {
        try await withTwoNodes { cluster in
            let ray = cluster.cluster
            let ledger = Ledger.open.options(name: "books").remote()
            #expect(try await ledger.note.remote(1).get() == 1)
            try cluster.stopGCS()
            let error = await #expect(throws: RayflowError.self) {
                _ = try await ray.actor("books", as: Ledger.self, timeout: .milliseconds(50))
            }
            #expect(error?.code == .getTimeout)
            // The calls of who has a handle need no control service.
            #expect(try await ledger.note.remote(2).get() == 2)
            try cluster.startGCS()
            let found = try #require(try await ray.actor("books", as: Ledger.self))
            #expect(try await found.note.remote(3).get() == 3)
            try await ray.kill(found)
            // The order to end it goes round by the control service: calls may be faster.
            while (try? await ledger.note.remote(4).get()) != nil {}
            #expect(try await ray.actor("books", as: Ledger.self) == nil)
            let next = Ledger.open.options(name: "books").remote()
            #expect(try await next.note.remote(1).get() == 1)
        }
    }

    @Test("tasks, objects and calls go on while it is away, and what is created meanwhile is created when it is back")
    func meanwhile() async throws {
        try await withTwoNodes { cluster in
            let array = Remote.makePattern.options(resources: special).remote(10_000, 1)
            _ = try await array.get()
            try cluster.stopGCS()
            #expect(try await Remote.square.remote(7).get() == 49)
            #expect(try await array.get().count == 10_000)
            let ledger = Ledger.open.options(resources: special).remote()
            let first = ledger.note.remote(1)
            try cluster.startGCS()
            #expect(try await first.get() == 1)
            #expect(try await ledger.place.remote().get() == "\(cluster.node(1))")
        }
    }

    @Test(
        "63: placement groups outlive a restart of the control service, and one that is made or removed meanwhile is made or removed then")
    func groups() async throws {
        try await withTwoNodes { cluster in
            let ray = cluster.cluster
            let kept = try ray.placementGroup(bundles: [["CPU": 1], ["CPU": 1]], strategy: .strictSpread)
            _ = try await kept.ready().get()
            let gone = try ray.placementGroup(bundles: [["CPU": 1]])
            _ = try await gone.ready().get()
            try cluster.stopGCS()
            ray.remove(gone)
            let made = try ray.placementGroup(bundles: [["CPU": 1]])
            #expect(try await Remote.square.options(placement: .group(kept, bundle: 1)).remote(3).get() == 9)
            try cluster.startGCS()
            #expect(try await made.wait(timeout: .seconds(30)))
            let nodes = kept.nodes
            #expect(Set(nodes.compactMap { $0 }).count == 2)
            #expect(try await Remote.square.options(placement: .group(kept, bundle: 0)).remote(4).get() == 16)
            ray.remove(kept)
            ray.remove(made)
            // All CPUs of both nodes are free again.
            let place = Places.make(2)
            #expect(Set(try await ray.get((0..<2).map { _ in Remote.meet.options(cpus: 2).remote(place) })).count == 2)
        }
    }

    @Test("the tables of tasks and functions are fed by drivers and workers", .timeLimit(.minutes(1)))
    func tables() async throws {
        try await withTwoNodes { cluster in
            _ = try await cluster.cluster.get((0..<3).map { Remote.square.options(name: "mine").remote($0) })
            try await eventually { try await cluster.rows(of: "tasks", where: ["name": "mine", "state": "finished"]).count == 3 }
            #expect(try await cluster.rows(of: "functions", where: ["function": "square"]).count == 1)
            #expect(try await cluster.rows(of: "functions", where: ["function": "ClusterTests.Ledger.note"]).count == 1)
            let unknown = await #expect(throws: RayflowError.self) { try await cluster.rows(of: "nodes", where: ["colour": "red"]) }
            #expect(unknown?.code == .invalidArgument && unknown?.message.contains("state") == true)
            let ref = try cluster.cluster.put(7)
            #expect(try await cluster.rows(of: "objects", where: ["state": "inline"]).isEmpty == false)
            withExtendedLifetime(ref) {}
        }
    }

    @Test("it may start again and again while actors are made and called", arguments: 1...3)
    func again(_ count: Int) async throws {
        try await withTwoNodes { cluster in
            var ledgers: [ActorHandle<Ledger>] = []
            for round in 1...count * 2 {
                ledgers.append(Ledger.open.options(cpus: 0, name: "ledger-\(round)").remote())
                try cluster.restartGCS()
                for ledger in ledgers { _ = ledger.note.remote(round) }
            }
            for (index, ledger) in ledgers.enumerated() {
                #expect(try await ledger.lines.remote().get() == Array(index + 1...count * 2))
            }
            for round in 1...count * 2 { #expect(try await cluster.cluster.actor("ledger-\(round)", as: Ledger.self) != nil) }
        }
    }

    @Test("the key-value store outlives it, and a question that was asked while it was away is answered")
    func keyValues() async throws {
        try await withTwoNodes { cluster in
            let kv = cluster.cluster.kv
            #expect(try await kv.put([1, 2], for: "numbers", overwrite: false))
            try cluster.stopGCS()
            await #expect(throws: RayflowError.self) { try await kv.scoped(timeout: .milliseconds(50)).contains("numbers") }
            async let numbers = kv.get("numbers", as: [Int].self)
            try cluster.startGCS()
            #expect(try await numbers == [1, 2])
            #expect(try await kv.put([3], for: "numbers", overwrite: false) == false)
        }
    }
}

@Suite("Nodes as a program sees them")
struct NodeListTests {
    @Test("each node shows what it has, and the cluster the sum")
    func nodes() async throws {
        try await withTwoNodes { cluster in
            let nodes = try await cluster.cluster.nodes
            #expect(Set(nodes.map(\.id)) == [cluster.node(0), cluster.node(1)])
            #expect(nodes.allSatisfy { $0.isAlive && $0.total["CPU"] == 2 })
            let resources = try await cluster.cluster.resources
            #expect(resources.total == ["CPU": 4, "home": 100, "special": 100])
        }
    }

    @Test("a table that is watched shows each change, also those made by another control service")
    func watch() async throws {
        try await withTwoNodes { cluster in
            var changes = cluster.watchActors().makeAsyncIterator()
            #expect(await changes.next()?.isEmpty == true)
            func wait(for name: String) async {
                while let rows = await changes.next() { if rows.contains(name) { return } }
            }
            let first = Ledger.open.options(cpus: 0, name: "first").remote()
            await wait(for: "first")
            try cluster.restartGCS()
            let second = Ledger.open.options(cpus: 0, name: "second").remote()
            await wait(for: "second")
            #expect(try await first.note.remote(1).get() == 1)
            #expect(try await second.note.remote(1).get() == 1)
        }
    }
}
