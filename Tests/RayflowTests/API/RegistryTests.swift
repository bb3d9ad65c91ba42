import Rayflow
import RayflowCore
import Testing

@Suite("The registry")
struct RegistryTests {
    @Test(
        "signatures are read",
        arguments: [
            ("square", "square", nil, []), ("square(x:)", "square", ["x"], []), ("Retrieve.item(a:b:)", "Retrieve.item", ["a", "b"], []),
            ("divmod(n:by:) -> (q, r)", "divmod", ["n", "by"], ["q", "r"]), ("f() -> (x)", "f", [], ["x"]),
            ("f -> (x, y)", "f", nil, ["x", "y"]),
        ] as [(String, String, [String]?, [String])])
    func signatures(_ text: String, _ name: String, _ labels: [String]?, _ results: [String]) {
        let signature = Signature(text)
        #expect(signature.name == name && signature.labels == labels && signature.results == results && signature.fault == nil)
    }

    @Test(
        "faults in a signature are found",
        arguments: ["", "f(", "f(x", "f(x)", "f(x:y)", "f(x:x:)", "f(x:) -> (a, a)", "f(x:) -> ", "f g(x:)", "f(1x:)", "f)"])
    func faults(_ text: String) { #expect(Signature(text).fault != nil) }

    @Test("a start lists every fault of the declarations")
    func problems() {
        let registry = Registry(
            RemoteFunction("bad(x:y:)") { (x: Int) in x }, RemoteFunction("pair(x:) -> (a)") { (x: Int) in (x, x) }, Tasks.square,
            Tasks.square,
            actors: [Nameless.self])
        #expect(
            registry.problems == [
                "square is registered twice", "bad: 2 labels for 1 parameters", "pair: 1 result names for 2 results",
                "RayflowTests.RegistryTests.Nameless.go stands in members twice",
                "RayflowTests.RegistryTests.Nameless: members lists no constructor",
            ])
        #expect(throws: RayflowError.self) { try registry.check() }
        #expect(Tasks.registry.problems.isEmpty)
    }

    final class Nameless: RemoteActor {
        static let go = method("go") { (_: Nameless) in 1 }
        static let members = Members(go, go)
    }

    @Test("the digest tells tables apart by names, versions, types and order")
    func digest() {
        func table(_ f: any AnyRemoteFunction...) -> Digest128 {
            f.count == 1 ? Registry(f[0]).digest : Registry(f[0], f[1]).digest
        }
        let a = RemoteFunction("a(x:)") { (x: Int) in x }
        let same = RemoteFunction("a(x:)") { (x: Int) in x + 1 }
        let typed = RemoteFunction("a(x:)") { (x: Int32) in Int(x) }
        let newer = RemoteFunction("a(x:)", version: 2) { (x: Int) in x }
        let b = RemoteFunction("b(x:)") { (x: Int) in x }
        #expect(table(a) == table(same))
        #expect(Set([table(a), table(typed), table(newer), table(b), table(a, b), table(b, a), Registry().digest]).count == 7)
    }

    @Test("type tags are the same in every process, also of private and local types")
    func tags() {
        struct Local: RemoteValue {}
        #expect(Int._typeTag == String(reflecting: Int.self) && [Float]._typeTag == String(reflecting: [Float].self))
        #expect(Point._typeTag == "RayflowTests.Point")
        #expect(RemoteBuffer<Float>._typeTag == [Float]._typeTag)
        let local = Local._typeTag
        #expect(!local.contains("$") && local.contains("(private at ") && local == Local._typeTag && local.hasSuffix("Local"))
        #expect(TypeTags.tag(of: [Local].self) != TypeTags.tag(of: Local.self))
    }

    @Test(
        "counts of parameters and results survive optimisation",
        arguments: [("add", 2, 1), ("divmod", 2, 2), ("six", 1, 6), ("whoami", 0, 1)])
    func packCounts(_ name: String, _ parameters: Int, _ results: Int) throws {
        let entry = try #require(Tasks.registry.functions.first { $0.name == name })
        #expect(entry.parameters.count == parameters && entry.results.count == results && entry.resultArity == results)
    }
}
