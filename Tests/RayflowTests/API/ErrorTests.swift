import Rayflow
import RayflowCore
import Testing

@Suite("Errors on their way home")
struct ErrorTests {
    let ray: Cluster
    let engine: InProcessEngine

    init() throws { (ray, engine) = try InProcessEngine.start(Tasks.registry) }

    private func failure<T>(_ ref: ObjectRef<T>) async -> RayflowError? {
        if case .failure(let error) = await ref.outcome() { error } else { nil }
    }

    @Test("a registered error is thrown as itself, from dependents and continuations too")
    func typed() async throws {
        await ray.run {
            await #expect(throws: Overdrawn(missing: 7)) { try await Tasks.broke.remote(7).get() }
            await #expect(throws: Overdrawn(missing: 8)) { try await Tasks.add.remote(Tasks.broke.remote(8), 1).get() }
            await #expect(throws: Overdrawn(missing: 9)) { try await Tasks.total.remote(gather(1, Tasks.broke.remote(9))).get() }
            await #expect(throws: Overdrawn(missing: 5)) { try await Tasks.one.remote(Tasks.broke.remote(5).borrowed).get() }
        }
    }

    @Test("outcome has the remote facts and the typed error as its cause")
    func outcome() async throws {
        let error = try #require(await ray.run { await failure(Tasks.broke.remote(9)) })
        #expect(error.code == .taskFailed && error.task == "broke" && error.attempt == 1 && error.node == engine.node.description)
        #expect(error.remoteType == "RayflowTests.Overdrawn" && error.cause as? Overdrawn == Overdrawn(missing: 9))
        guard case .success(9) = await ray.run({ await Tasks.square.remote(3).outcome() }) else { return #expect(Bool(false)) }
    }

    @Test("an error that is not registered comes as RayflowError with its type and text")
    func unregistered() async throws {
        let odd = try #require(await ray.run { await failure(Tasks.odd.remote(3)) })
        #expect(odd.remoteType == "RayflowTests.Unregistered" && odd.cause == nil && odd.message.contains("code: 3"))
        let plain = try #require(await ray.run { await failure(Tasks.plain.remote()) })
        #expect(plain.remoteType == "RayflowTests.Plain")
    }

    @Test("a function that is not registered fails with the line to add; another one of its name is told apart")
    func notRegistered() async throws {
        let error = try #require(await ray.run { await failure(Tasks.forgotten.remote()) })
        #expect(error.code == .notRegistered && error.message.contains("SampleTasks.swift:"))
        let other = RemoteFunction("square(x:)") { (x: Int) in x + x }
        let twin = try #require(await ray.run { await failure(other.remote(2)) })
        #expect(twin.code == .notRegistered && twin.message.contains("another function of that name"))
    }

    @Test("a read as another type names both")
    func mismatch() async throws {
        let ref = try ray.put([1, 2, 3])
        let error = try #require(await failure(ref.erased.typed(as: String.self)))
        #expect(error.code == .typeMismatch && error.message.contains("Swift.Array<Swift.Int>") && error.message.contains("Swift.String"))
    }

    @Test("get with a time limit ends, the object stays")
    func timeout() async throws {
        try await ray.run { () async throws in
            let blocked = Tasks.until.remote(Tasks.square.remote(1).borrowed)
            let error = await #expect(throws: RayflowError.self) { try await blocked.get(timeout: .milliseconds(1)) }
            #expect(error?.code == .getTimeout)
            try await ray.cancel(blocked)
            #expect(try await blocked.get() == true)
        }
    }

    @Test("cancelling the caller ends get with CancellationError and leaves the task alone")
    func cancelledCaller() async throws {
        try await ray.run { () async throws in
            let blocked = Tasks.until.remote(Tasks.square.remote(1).borrowed)
            let caller = Task { try await blocked.get() }
            caller.cancel()
            await #expect(throws: CancellationError.self) { try await caller.value }
            #expect(engine.ready(blocked.id) == nil)
            try await ray.cancel(blocked)
        }
    }

    @Test("an argument that cannot be encoded fails the refs, not the call")
    func badArgument() async throws {
        struct Picky: RemoteValue {
            init() {}
            init(from decoder: any Decoder) throws {}
            func encode(to encoder: any Encoder) throws { throw Plain() }
        }
        let function = RemoteFunction("picky") { (p: Picky) in 1 }
        let (ray, _) = try InProcessEngine.start(Registry(function))
        let error = try #require(await failure(function.on(ray).remote(Picky())))
        #expect(error.code == .invalidArgument && error.message.contains("Picky"))
    }

    @Test("fewer retries than -1, which is without limit, are refused by name")
    func badRetries() {
        var options = TaskOptions()
        options.maxRetries = -2
        let error = #expect(throws: RayflowError.self) { try options.spec() }
        #expect(error?.code == .invalidArgument && error?.message.contains("maxRetries") == true)
    }

    @Test("without a cluster, and with several, refs fail with noCluster; on, run and the task decide")
    func whichCluster() async throws {
        let (second, _) = try InProcessEngine.start(Registry(Tasks.square))
        #expect(await failure(Tasks.square.remote(1))?.code == .noCluster)
        #expect(throws: RayflowError.self) { try Cluster.current }
        let (x, y) = await second.run { () -> (ObjectRef<Int>, ObjectRef<Int>) in
            async let inner = Tasks.square.remote(5)
            return (await inner, Tasks.square.on(ray).remote(6))
        }
        #expect(x.box.cluster === second && y.box.cluster === ray)
        #expect(try await x.get() == 25)
        #expect(try await y.get() == 36)
        await #expect(throws: RayflowError.self) { try await Counter.start.remote(1).add.remote(1).get() }
    }

    @Test("a thrown RayflowError keeps the facts of the first place of failure")
    func firstPlace() {
        let inner = RayflowError(.workerCrashed, "gone", task: "inner", attempt: 3, node: "n1")
        let record = ErrorRecord(thrown: inner, registry: Tasks.registry, task: "outer", attempt: 1, node: "n2")
        #expect(record.task == "inner" && record.attempt == 3 && record.node == "n1" && record.code == .workerCrashed)
        #expect(ErrorRecord(thrown: CancellationError(), registry: Tasks.registry, task: "t", attempt: 1, node: nil).code == .cancelled)
    }
}
