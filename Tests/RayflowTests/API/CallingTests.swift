import Rayflow
import RayflowCore
import Testing

@Suite("Calling remote functions")
struct CallingTests {
    let ray: Cluster
    let engine: InProcessEngine

    init() throws { (ray, engine) = try InProcessEngine.start(Tasks.registry) }

    @Test("a ref stands where a value is expected, and options keep what is not given")
    func refsAndOptions() async throws {
        try await ray.run { () async throws in
            let a = Tasks.square.remote(3)
            let b = Tasks.add.options(cpus: 2, maxRetries: 5).options(key: "k").remote(a, 4)
            #expect(try await b.get() == 13)
            let submission = try #require(engine.lastSubmission)
            #expect(submission.options.cpus == 2 && submission.options.maxRetries == 5 && submission.options.key == "k")
            #expect(submission.function == FunctionReference(index: 1, name: "add", version: 1))
        }
    }

    @Test("values take the parameters' types: literals, nil, [], implicit members, Optional promotion")
    func literals() async throws {
        try await ray.run { () async throws in
            #expect(try await Tasks.times.remote(1, 2).get() == 2)
            #expect(try await Tasks.scale.remote(Point(x: 1), 2).get() == Point(x: 2))
            #expect(try await Tasks.opt.remote(nil, []).get() == -1)
            #expect(try await Tasks.opt.remote(3, [1, 2]).get() == 5)
            #expect(try await Tasks.shapes.remote(.rect(w: 2, h: 3), .red, Point(x: 1)).get() == .rect(w: 2, h: 3))
            #expect(try await Tasks.shapes.remote(.none, .green, Point(x: 1, y: 2)).get() == nil)
        }
    }

    @Test("generic values, dictionaries, sets and free functions travel")
    func generics() async throws {
        try await ray.run { () async throws in
            let pair = try await Tasks.generic.remote(Pair(first: 1, second: ["a", "b"]), ["a": [3, 1]]).get()
            #expect(pair.first == 2 && pair.second == [1, 3])
            #expect(try await Tasks.boxed.remote(Box(value: [1, 2, 3])).get().value == 3)
            #expect(try await Tasks.append_.remote([7, 8], "abc").get() == [7, 8, 3])
        }
    }

    @Test("several results are one ref each, up to six")
    func severalResults() async throws {
        try await ray.run { () async throws in
            let (q, r) = Tasks.divmod.remote(7, 2)
            let (quotient, rest) = try await ray.get(q, r)
            #expect(quotient == 3 && rest == 1)
            let (a, b, c) = Tasks.three.remote(4)
            #expect(try await a.get() == 4)
            #expect(try await b.get() == "4")
            #expect(try await c.get() == [4])
            let all = Tasks.six.remote(1)
            #expect(try await all.0.get() == 1)
            #expect(try await all.2.get() == "1")
            #expect(try await all.4.get() == true)
            #expect(try await all.5.get() == 1)
        }
    }

    @Test("a function without a result gives Done")
    func done() async throws {
        let done = try await ray.run { try await Tasks.log.remote("text").get() }
        #expect(done == Done())
    }

    @Test("gather makes a list of refs and values, lists of refs are borrowed")
    func gathering() async throws {
        try await ray.run { () async throws in
            let a = Tasks.square.remote(3), b = Tasks.square.remote(2)
            #expect(try await Tasks.total.remote(gather([a, b])).get() == 13)
            #expect(try await Tasks.total.remote(gather(a, 5, b)).get() == 18)
            #expect(try await Tasks.total.remote(gather([])).get() == 0)
            #expect(try await Tasks.later.remote([a, b]).get() == 11)
            #expect(try await Tasks.first.remote([a]).get() == 9)
            #expect(try await Tasks.one.remote(a.borrowed).get() == 10)
            #expect(try await Tasks.one.remote(a).get() == 10)
        }
    }

    @Test("gathered parts that hold refs of their own keep them apart")
    func gatheringRefs() async throws {
        try await ray.run { () async throws in
            let plants = [1, 2].map { Tasks.plant.remote($0) }
            let own = Tree(left: Tasks.square.remote(0), kids: [], info: .init(text: "", numbers: [:]))
            #expect(try await Tasks.trees.remote(gather(plants[0], own, plants[1])).get() == 104)
            let tree = try await plants[1].get()
            #expect(try await tree.kids[0].left.get() == 9)
        }
    }

    @Test("refs nested in structs are borrowed, nested calls and continuations work")
    func nesting() async throws {
        try await ray.run { () async throws in
            let a = Tasks.square.remote(3)
            #expect(try await Tasks.tree.remote(Tree(left: a, kids: [], info: .init(text: "s", numbers: ["k": [1, 2]]))).get() == 11)
            #expect(try await Tasks.fib.remote(10).get() == 55)
            #expect(try await Tasks.tail.remote(3).get() == 16)
            #expect(try await Tasks.whoami.remote().get() == "whoami")
        }
    }

    @Test("local runs the body through the codec without a cluster")
    func local() async throws {
        #expect(try await Tasks.add.local(1, 2) == 3)
        await #expect(throws: Overdrawn(missing: 3)) { try await Tasks.broke.local(3) }
    }

    @Test("chapter two: a database by ref, wait in twos, follow-ups, a tracker")
    func retrieve() async throws {
        let (hits, words) = try await ray.run { try await Retrieve.run(ray) }
        #expect(hits == 8 && words.count == 8)
    }

    @Test("wait gives every ref back in one of two lists, in order")
    func waiting() async throws {
        try await ray.run { () async throws in
            let refs = (0..<4).map { Tasks.square.remote($0) }
            _ = try await ray.get(refs)
            let (ready, rest) = try await ray.wait(refs, count: 3)
            #expect(ready == Array(refs.prefix(3)) && rest == [refs[3]])
            let (all, none) = try await ray.wait(refs.map(\.erased), count: 4)
            #expect(all.count == 4 && none.isEmpty)
            let blocked = Tasks.until.remote(refs[0].borrowed)
            let (no, left) = try await ray.wait([blocked], timeout: .milliseconds(1))
            #expect(no.isEmpty && left == [blocked])
            try await ray.cancel(blocked)
            #expect(try await blocked.get() == true)
        }
    }

    @Test("a step runs once, its value is given again")
    func steps() async throws {
        var runs = 0
        for _ in 0..<2 {
            let value = try await ray.step("clock") {
                runs += 1
                return Point(x: 1)
            }
            #expect(value == Point(x: 1))
        }
        #expect(runs == 1)
        await #expect(throws: Plain.self) { try await ray.step("fails") { () -> Int in throw Plain() } }
        #expect(try await ray.step("fails") { 2 } == 2)
    }
}
