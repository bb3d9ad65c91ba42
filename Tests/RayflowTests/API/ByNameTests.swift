import Rayflow
import RayflowCore
import Testing

@Suite("Calls by name")
struct ByNameTests {
    let ray: Cluster
    let engine: InProcessEngine

    init() throws { (ray, engine) = try InProcessEngine.start(Tasks.registry) }

    private func json(_ name: String, _ values: [String: NamedValue]) async throws -> JSON {
        try await ray.json(of: try #require(try ray.call(name, with: values).first).ref)
    }

    @Test("values and refs map by label, results come under their names")
    func labels() async throws {
        let seven = try ray.put(7)
        let results = try ray.call("divmod", with: ["n": .ref(seven.id), "by": .json(2)])
        #expect(results.map(\.name) == ["q", "r"])
        #expect(try await ray.json(of: results[0].ref) == 3)
        #expect(try await ray.json(of: results[1].ref) == 1)
        #expect(try ray.call("square", with: ["x": .json(2)]).map(\.name) == ["result"])
    }

    @Test("lists that hold refs are gathered, plain ones are values")
    func lists() async throws {
        let ref = try ray.put(4)
        #expect(try await json("total", ["xs": .list([.json(1), .ref(ref.id), .ref(ref.id)])]) == 9)
        #expect(try await json("total", ["xs": .list([.json(1), .json(2)])]) == 3)
        #expect(try await json("total", ["xs": .json([1, 2, 3])]) == 6)
        #expect(try await json("total", ["xs": .list([])]) == 0)
    }

    @Test("a parameter that is a ref borrows it")
    func borrowing() async throws {
        let ref = try ray.put(4)
        #expect(try await json("one", ["x": .ref(ref.id)]) == 5)
        #expect(try await json("later", ["xs": .list([.ref(ref.id), .ref(ref.id)])]) == 6)
    }

    @Test("outputs of shell steps are read by the parameter's Codable, also among gathered elements")
    func jsonObjects() async throws {
        let point = try engine.put(Payload(json: ["x": 2, "y": nil]), key: nil)
        #expect(try await json("scale", ["p": .ref(point), "by": .json(2.5)]) == ["x": 5])
        let word = try engine.put(Payload(json: "shell"), key: nil)
        let typed = try ray.put("swift")
        #expect(try await json("names", ["xs": .list([.ref(word), .ref(typed.id), .json("yaml")])]) == "shell swift yaml")
    }

    @Test("a JSON parameter takes any registered type, a JSON result is read by typed ones")
    func anyJSON() async throws {
        let point = try ray.put(Point(x: 1.5))
        #expect(try await json("show", ["j": .ref(point.id)]) == #"{"x":1.5}"#)
        #expect(try await json("show", ["j": .json(["a": [1, nil]])]) == #"{"a":[1,null]}"#)
        #expect(try await json("make", ["n": .json(3)]) == ["n": 3])
        #expect(try await ray.json(of: try ray.put([1, 2]).erased) == [1, 2])
    }

    @Test("what is missing is nil for an Optional")
    func missingOptional() async throws {
        #expect(try await json("opt", ["l": .json([1, 2.5])]) == 1)
        #expect(try await json("opt", ["n": .json(nil), "l": .json([])]) == -1)
    }

    @Test(
        "a wrong with: is an error that names the label",
        arguments: [
            ("divmod", ["n": NamedValue.json(1)], "with.by is missing (divmod(n:by:))"),
            ("divmod", ["n": .json("x"), "by": .json(1)], "with.n: Int expected, found the string \"x\""),
            ("divmod", ["n": .json(1), "by": .json(1), "to": .json(nil)], "with.to is no parameter of divmod(n:by:)"),
            ("total", ["xs": .json([1, "a"])], "with.xs: Int expected, found the string \"a\" at [1]"),
            ("scale", ["p": .json(["y": 1]), "by": .json(1)], "with.p: .x is missing"),
            ("show", [:], "with.j is missing (show(j:))"),
            ("square", ["x": .json(1.5)], "with.x: Int expected, found the float 1.5"),
            (
                "square", ["x": .list([.ref(ObjectID(handleOf: ActorID(unique: 1, salt: 1, job: JobID(1))))])],
                "with.x: Int expected, found a list"
            ),
            ("append", ["x": .json(1)], "append declares no labels: write its name as \"append(x:y:)\""),
        ])
    func faults(_ name: String, _ values: [String: NamedValue], _ message: String) {
        let error = #expect(throws: RayflowError.self) { _ = try ray.call(name, with: values) }
        #expect(error?.message == message)
    }

    @Test("an unknown function lists the known ones")
    func unknown() {
        let error = #expect(throws: RayflowError.self) { _ = try ray.call("sqare", with: [:]) }
        #expect(error?.code == .notRegistered && error?.message.contains("square") == true)
    }

    @Test("actors are made and called by name; the constructor is the one whose labels match")
    func actors() async throws {
        let counter = try ray.createActor("RayflowTests.Counter", with: ["start": .ref(try ray.put(40).id)])
        let sum = try ray.call(counter, "add", with: ["by": .json(2)])
        #expect(try await ray.json(of: sum[0].ref) == 42)
        #expect(throws: RayflowError.self) { try ray.createActor("RayflowTests.Counter", with: ["from": .json(1)]) }
        #expect(throws: RayflowError.self) { try ray.createActor("Nobody", with: [:]) }
        let error = #expect(throws: RayflowError.self) { _ = try ray.call(counter, "ad", with: [:]) }
        #expect(error?.message.contains("add, leave, refer, reset") == true)
        let account = try ray.createActor("RayflowTests.Account", with: [:])
        #expect(try ray.call(account, "state", with: [:]).map(\.name) == ["balance", "peak"])
    }

    @Test("the table can be described before a run")
    func description() throws {
        let divmod = try #require(Tasks.registry.functions.first { $0.name == "divmod" }).description
        #expect(divmod.parameters?.map(\.label) == ["n", "by"] && divmod.resultNames == ["q", "r"])
        #expect(divmod.resultTypes == ["Swift.Int", "Swift.Double"])
        let opt = try #require(Tasks.registry.functions.first { $0.name == "opt" }).description
        #expect(opt.parameters?.map(\.isOptional) == [true, false])
        #expect(opt.json["parameters"]?[0]?["optional"] == true)
    }
}
