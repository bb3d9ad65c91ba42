import EngineTestRemotes
import GCS
import Glibc
import ObjectStore
import Ownership
import Rayflow
import RayflowCore
import Testing
import Transport

extension EngineTests {
    @Suite("Ray's semantics: references", .serialized)
    struct ReferenceSemanticsTests {
        private static let small = 10, large = 100_000

        @Test(
            "7: small and large values, made and taken by tasks and actors, as they are and nested in a list, all arrive", arguments: 0..<16
        )
        func matrix(number: Int) async throws {
            let isActorSource = number & 1 != 0, isActorSink = number & 2 != 0, isLarge = number & 4 != 0, isNested = number & 8 != 0
            try await withCluster { ray, embedded in
                do {
                    let count = isLarge ? Self.large : Self.small
                    let keeper = Keeper.start.remote()
                    let made = isActorSource ? keeper.make.remote(count) : Lending.make.remote(count)
                    let sum: ObjectRef<Float>
                    if isNested {
                        sum = isActorSink ? keeper.open.remote([made]) : Lending.open.remote([made])
                    } else {
                        sum = isActorSink ? keeper.take.remote(made) : Lending.take.remote(made)
                    }
                    #expect(try await sum.get() == Float(count))
                }
                try await nothingIsLeft(embedded)
            }
        }

        @Test("27: an actor whose handle was passed to a pending task lives until the task has ended, then it ends and is not restarted")
        func lastHandle() async throws {
            try await withCluster { ray, embedded in
                let scratch = Scratch()
                let task = { () -> ObjectRef<Int> in
                    let keeper = Keeper.start.options(maxRestarts: -1).remote()
                    return Lending.use.remote(keeper, scratch.file("gate"))
                }()
                try appendLine("", to: scratch.file("gate"))
                let pid = Int32(try await task.get())
                try await ends(pid)
                let actors = try await deadActors(embedded)
                #expect(actors.count == 1 && actors[0].contains("out of scope"))
            }
        }

        @Test("27: handles in the state of actors count, those of an actor in its own state do not")
        func handlesInState() async throws {
            try await withCluster { ray, embedded in
                let outer = Keeper.start.remote()
                let inner = try await { () -> Int32 in
                    let inner = Keeper.start.remote()
                    // The second knows itself, and a third knows it.
                    let own = try await inner.handles.remote().get()
                    #expect(try await inner.know.remote(own).get() == 1)
                    #expect(try await outer.know.remote([inner]).get() == 1)
                    return Int32(try await inner.pid.remote().get())
                }()
                #expect(try await outer.pid.remote().get() != Int(inner))
                #expect(kill(inner, 0) == 0)
                _ = try await outer.drop.remote().get()
                try await ends(inner)
            }
        }

        @Test("27: an actor that a task made and returned lives by the handle of who has the result; one found by name does not count")
        func returnedHandle() async throws {
            try await withCluster { ray, embedded in
                let pid = try await { () -> Int32 in
                    let keepers = try await Lending.create.remote().get()
                    return Int32(try await keepers[0].pid.remote().get())
                }()
                try await ends(pid)
                let named = try await { () -> Int32 in
                    let keeper = Keeper.start.options(name: "keeper").remote()
                    return Int32(try await keeper.pid.remote().get())
                }()
                try await ends(named)
            }
        }

        @Test(
            "50: a put counts one, a copy of its ref does not make it live longer than its last, an argument counts until the task ends or fails"
        )
        func counts() async throws {
            try await withCluster { ray, embedded in
                let scratch = Scratch()
                var first: ObjectRef<[Float]>? = try ray.put([Float](repeating: 1, count: 3))
                let id = try #require(first?.id)
                func counts() -> [Int] {
                    embedded.core.step { owner, _ in owner.counts(of: id).map { [$0.local, $0.submitted] } ?? [] }
                }
                #expect(counts() == [1, 0])
                var alias: ObjectRef<[Float]>? = try await Lending.back.remote([try #require(first)]).get()[0]
                #expect(alias?.id == id && counts() == [2, 0])
                alias = nil
                try await eventually { counts() == [1, 0] }
                let task = Lending.fails.remote(try #require(first), scratch.file("gate"))
                #expect(counts() == [1, 1])
                try appendLine("", to: scratch.file("gate"))
                _ = await task.outcome()
                #expect(counts() == [1, 0])
                let sum = Lending.take.remote(try #require(first))
                #expect(try await sum.get() == 3 && counts() == [1, 0])
                first = nil
                #expect(counts() == [])
                _ = alias
            }
        }

        @Test("51: a ref that goes five tasks deep is there when the innermost reads it, and gone when it has", arguments: [10, 100_000])
        func deep(count: Int) async throws {
            try await withCluster(cpus: 1) { ray, embedded in
                let scratch = Scratch()
                do {
                    let sum = { () throws -> ObjectRef<Float> in
                        Lending.deep.remote([try ray.put([Float](repeating: 1, count: count))], 4, scratch.file("gate"))
                    }
                    let result = try sum()
                    try appendLine("", to: scratch.file("gate"))
                    #expect(try await result.get() == Float(count))
                }
                try await nothingIsLeft(embedded)
            }
        }

        @Test("51: a ref that is returned through five tasks is there, and gone with the last result", arguments: [10, 100_000])
        func returned(count: Int) async throws {
            try await withCluster { ray, embedded in
                try await { () in
                    var refs = [Lending.make.remote(count)]
                    for _ in 0..<5 { refs = try await Lending.back.remote(refs).get() }
                    #expect(try await refs[0].get().count == count)
                }()
                try await nothingIsLeft(embedded)
            }
        }

        @Test("51: a task that ends with a child under way keeps what the child was given", arguments: [10, 100_000])
        func child(count: Int) async throws {
            try await withCluster { ray, embedded in
                let scratch = Scratch()
                try await { () in
                    let result = try { try Lending.leave.remote([ray.put([Float](repeating: 1, count: count))], scratch.file("gate")) }()
                    try appendLine("", to: scratch.file("gate"))
                    #expect(try await result.get()[0].get() == Float(count))
                }()
                try await nothingIsLeft(embedded)
            }
        }

        @Test("51: what an actor keeps in its state stays until it is dropped there, wherever it came from", arguments: [10, 100_000])
        func state(count: Int) async throws {
            try await withCluster { ray, embedded in
                try await { () in
                    let keeper = Keeper.start.remote()
                    try await { () in
                        _ = try await keeper.keep.remote([try ray.put([Float](repeating: 1, count: count))]).get()
                        _ = try await keeper.keep.remote([Lending.make.remote(count)]).get()
                        // What the actor has put becomes the driver's with the result.
                        _ = try await keeper.put.remote(count).get()
                    }()
                    #expect(try await keeper.sum.remote().get() == Float(3 * count))
                    let given = try await keeper.give.remote().get()
                    _ = try await keeper.drop.remote().get()
                    #expect(try await given[2].get().count == count)
                    let second = Keeper.holding.remote(given)
                    #expect(try await second.sum.remote().get() == Float(3 * count))
                }()
                try await nothingIsLeft(embedded)
            }
        }

        @Test("51: the marks of a borrower that is killed go with it")
        func killedBorrower() async throws {
            try await withCluster { ray, embedded in
                let keeper = Keeper.start.remote()
                try await { () in _ = try await keeper.keep.remote([try ray.put([Float](repeating: 1, count: Self.large))]).get() }()
                #expect(try await keeper.sum.remote().get() == Float(Self.large))
                kill(Int32(try await keeper.pid.remote().get()), SIGKILL)
                try await eventually { try embedded.loop.sync { embedded.raylet.statistics.objects } == 0 }
            }
        }

        @Test("who reads an object in place is counted; what a killed reader had pinned is let go of, what a living one reads stays")
        func readersInPlace() async throws {
            try await withCluster { ray, embedded in
                let scratch = Scratch()
                func pins() throws -> Int { try embedded.loop.sync { embedded.raylet.storedRows.reduce(0) { $0 + $1.pins } } }
                func retired() throws -> Int { try embedded.loop.sync { embedded.raylet.statistics.retiredObjects } }
                try await { () in
                    let ref = try ray.put([Float](repeating: 1, count: Self.large)).view()
                    let reading = Lending.view.options(maxRetries: 0).remote(ref, scratch.file("reader"))
                    let pid = try #require(Int32(try await line(in: scratch.file("reader"))))
                    #expect(try pins() == 1)
                    let mine = try await ref.get()
                    #expect(try pins() == 2)
                    kill(pid, SIGKILL)
                    #expect(await code { _ = try await reading.get() } == .workerCrashed)
                    try await eventually { try pins() == 1 }
                    withExtendedLifetime(mine) {}
                }()
                try await nothingIsLeft(embedded)
                let mine = try await { () in
                    let ref = try ray.put([Float](repeating: 2, count: Self.large)).view()
                    // Before it is sealed it is opened by message, and who reads it at the same time shares that pin.
                    _ = try await ref.get()
                    try await eventually { try pins() == 0 }
                    return try await ref.get()
                }()
                try await nothingIsLeft(embedded)
                #expect(try retired() == 1)
                _ = try ray.put([Float](repeating: 3, count: Self.large))
                let isRight = mine.withSpan { span in span.withUnsafeBufferPointer { $0.allSatisfy { $0 == 2 } } }
                #expect(isRight && mine.count == Self.large)
            }
        }

        @Test("51, 53: a ref whose owner was killed, before or after its borrower has read it, raises and does not hang")
        func killedOwner() async throws {
            try await withCluster { ray, embedded in
                let keeper = Keeper.start.remote()
                #expect(await code { _ = try await Lending.dies.options(maxRetries: 0).remote(keeper).get() } == .workerCrashed)
                let outcome = await keeper.sum.remote().outcome()
                guard case .failure(let failure) = outcome else {
                    Issue.record("the value of an owner that is gone")
                    return
                }
                #expect(failure.code == .ownerDied || failure.code == .objectLost, "\(failure)")
            }
        }
    }
}

/// Waits until the driver has no objects and the store is empty.
private func nothingIsLeft(_ embedded: EmbeddedCluster) async throws {
    try await eventually {
        let objects = embedded.core.step { owner, _ in owner.objectCount }
        let copies = try embedded.loop.sync { embedded.raylet.statistics.objects }
        return objects == 0 && copies == 0
    }
    #expect(embedded.core.step { owner, _ in owner.checkReferences() } == [])
}

/// Why actors are dead.
private func deadActors(_ embedded: EmbeddedCluster) async throws -> [String] {
    var reasons: [String] = []
    try await eventually {
        let actors = try await GCSClient(embedded.core).actors.list().rows
        reasons = actors.map { $0.error?.message ?? "" }
        return !actors.isEmpty && actors.allSatisfy { $0.state == .dead }
    }
    return reasons
}
