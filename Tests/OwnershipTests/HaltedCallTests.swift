import Ownership
import RayflowCore
import Testing

@Suite("Calls whose arguments are lost")
struct HaltedCallTests {
    @Test("they let those pass that make lost objects again, those in the order wait, and they begin when the place is free")
    func passing() {
        var bench = ActorBench()
        let first = bench.push("first"), second = bench.push("second")
        bench.event { $0.halt(first, into: &$1) }
        #expect(bench.started == ["first"])
        let again = bench.call("again", sequence: TaskSpec.unordered)
        bench.push(again)
        #expect(bench.started == ["first", "again"])
        bench.event { $0.complete(first, into: &$1) }
        #expect(bench.wentOn.isEmpty, "one runs at a time")
        bench.finish(again)
        #expect(bench.wentOn == [first.spec.id])
        bench.push(bench.call("late", sequence: TaskSpec.unordered))
        #expect(bench.started == ["first", "again"])
        bench.finish(first)
        bench.finish(second)
        #expect(bench.started == ["first", "again", "second", "late"])
    }

    @Test("what waits already passes as well, and halts in its turn")
    func chain() {
        var bench = ActorBench()
        let first = bench.push("first")
        let one = bench.call("one", sequence: TaskSpec.unordered), two = bench.call("two", sequence: TaskSpec.unordered)
        bench.push(one)
        bench.push(two)
        bench.event { $0.halt(first, into: &$1) }
        bench.event { $0.halt(one, into: &$1) }
        #expect(bench.started == ["first", "one", "two"])
        bench.finish(two)
        bench.event { $0.complete(one, into: &$1) }
        bench.finish(one)
        bench.event { $0.complete(first, into: &$1) }
        #expect(bench.wentOn == [one.spec.id, first.spec.id])
    }

    @Test("one that ends while it waits leaves no place taken, and one that waits for its place when the actor leaves has it")
    func ends() {
        var bench = ActorBench()
        let first = bench.push("first")
        bench.event { $0.halt(first, into: &$1) }
        bench.finish(first)
        let second = bench.push("second")
        bench.event { $0.halt(second, into: &$1) }
        let again = bench.call("again", sequence: TaskSpec.unordered)
        bench.push(again)
        bench.event { $0.complete(second, into: &$1) }
        bench.event { $0.exit("x", into: &$1) }
        bench.finish(again)
        #expect(bench.wentOn == [second.spec.id])
        bench.finish(second)
        #expect(bench.told == [ActorBench.first])
    }

    @Test("a call that passes and waits for the one that is halted could never end")
    func deadlock() {
        var bench = ActorBench()
        let first = bench.push("first")
        bench.event { $0.halt(first, into: &$1) }
        let again = bench.call("again", sequence: TaskSpec.unordered)
        bench.push(again)
        let isEndless = bench.instance.wait(again.spec.id, for: first.spec.id, group: "")
        #expect(isEndless)
    }
}
