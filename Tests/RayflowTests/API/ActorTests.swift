import Rayflow
import RayflowCore
import Testing

@Suite("Calling actors")
struct ActorTests {
    let ray: Cluster
    let engine: InProcessEngine

    init() throws { (ray, engine) = try InProcessEngine.start(Tasks.registry) }

    @Test("a class keeps its state, takes refs, and runs one call at a time across await")
    func counter() async throws {
        try await ray.run { () async throws in
            let c = Counter.start.options(name: "hits", maxRestarts: 3).remote(Tasks.square.remote(3))
            #expect(try await c.add.remote(Tasks.square.remote(2)).get() == 13)
            try await c.reset.remote(5).get()
            let all = (0..<10).map { _ in c.slow.remote(1) }
            #expect(try await ray.get(all) == Array(6...15))
            let creation = try #require(engine.creations.first)
            #expect(creation.typeName == "RayflowTests.Counter" && creation.options.maxRestarts == 3 && creation.constructor.index == 0)
        }
    }

    @Test("the own handle comes out as a result, beside a ref")
    func ownHandle() async throws {
        try await ray.run { () async throws in
            let c = Counter.start.remote(1)
            let (handle, square) = c.twice.remote(4)
            #expect(try await handle.get() == c)
            #expect(try await square.get().get() == 16)
            #expect(try await c.refer.remote().get() == c)
            #expect(throws: RayflowError.self) { try Counter(start: 1).handle }
        }
    }

    @Test("handles travel as arguments, and actors are found by name and type")
    func handles() async throws {
        try await ray.run { () async throws in
            let c = Counter.start.options(name: "hits").remote(1)
            #expect(try await Tasks.tick.remote(c, 1).get() == 2)
            #expect(try await ray.actor("hits", as: Counter.self)!.add.remote(0).get() == 2)
            #expect(try await ray.actor("nobody", as: Counter.self) == nil)
            await #expect(throws: RayflowError.self) { try await ray.actor("hits", as: Account.self) }
        }
    }

    @Test("a Swift actor takes isolated closures and interleaves at await")
    func swiftActor() async throws {
        try await ray.run { () async throws in
            let account = Account.open.options(maxConcurrency: 100).remote()
            // Side by side they may run in any order: each is over before the next one.
            for _ in 0..<3 { try await account.deposit.remote(1).get() }
            #expect(try await account.deposit2.remote(4).get() == 7)
            _ = try await ray.get((0..<8).map { _ in account.meet.remote(8) })
            let (balance, peak) = account.state.remote()
            #expect(try await balance.get() == 7)
            #expect(try await peak.get() == 8)
            do {
                try await account.withdraw.remote(9).get()
                Issue.record("nothing was thrown")
            } catch let error as Overdrawn { #expect(error.missing == 2) }
        }
    }

    @Test("a constructor that throws fails the calls")
    func failedConstructor() async throws {
        let error = await #expect(throws: RayflowError.self) {
            try await ray.run { try await Counter.fail.remote(true).add.remote(1).get() }
        }
        #expect(error?.code == .actorDied)
    }

    @Test("exitActor is seen by the engine, kill ends the actor")
    func endings() async throws {
        try await ray.run { () async throws in
            let c = Counter.start.remote(1)
            #expect(try await c.leave.remote().get() == true)
            try await ray.kill(c)
            let error = await #expect(throws: RayflowError.self) { try await c.add.remote(1).get() }
            #expect(error?.code == .actorDied)
        }
    }

    @Test("an actor type or member that is not registered says what to add")
    func notRegistered() async throws {
        final class Stranger: RemoteActor {
            static var start: RemoteConstructor<Stranger> { constructor { Stranger() } }
            static var hidden: RemoteMethod<Stranger, Single<Int>> { method("hidden") { (_: Stranger) in 1 } }
            static var members: Members<Stranger> { Members(start) }
        }
        let (other, engine) = try InProcessEngine.start(Registry(actors: [Stranger.self]))
        await ray.run {
            Stranger.start.remote()
            let text = engineError(self.engine.creations.last?.arguments)
            #expect(text.contains("Stranger.self to Registry(actors:)"))
        }
        await other.run {
            let stranger = Stranger.start.remote()
            let error = await #expect(throws: RayflowError.self) { try await stranger.hidden.remote().get() }
            #expect(error?.message.contains("not in Stranger.members") == true)
            #expect(engine.creations.count == 1)
        }
    }

    private func engineError(_ arguments: Result<[Argument], RayflowError>?) -> String {
        if case .failure(let error) = arguments { error.message } else { "" }
    }

    @Test("options of a bound method go with the call")
    func callOptions() async throws {
        try await ray.run { () async throws in
            let c = Counter.start.remote(1)
            try await c.add.options(timeout: .seconds(5), maxTaskRetries: 2).remote(1).get()
            let call = try #require(engine.lastCall)
            #expect(call.options.timeout == .seconds(5) && call.options.maxTaskRetries == 2 && call.method.name == "add")
        }
    }
}
