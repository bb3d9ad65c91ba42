import Testing

@testable import Transport

@Suite("Faults by specification")
struct FaultInjectorTests {
    @Test("the text form gives the rules")
    func parsing() throws {
        var injector = try FaultInjector(
            parsing: "seed=7; drop kind=12 skip=1 count=1; delay kind=3,4 by=5ms..5ms; reorder kind=5 by=2s; disconnect kind=6; "
                + "flip kind=8; corrupt kind=9")
        #expect(injector.decide(kind: 12) == .deliver)
        #expect(injector.decide(kind: 12) == .drop)
        #expect(injector.decide(kind: 12) == .deliver)
        #expect(injector.decide(kind: 4) == .delay(nanoseconds: 5_000_000))
        #expect(injector.decide(kind: 5) == .reorder(nanoseconds: 2_000_000_000))
        #expect(injector.decide(kind: 6) == .disconnect)
        #expect(injector.decide(kind: 7) == .deliver)
        guard case .flip = injector.decide(kind: 8), case .corrupt = injector.decide(kind: 9) else { Issue.record("no change"); return }
        #expect(injector.strikes == [1, 1, 1, 1, 1, 1])
    }

    @Test(
        "what cannot be read is named",
        arguments: [
            "lose kind=1", "drop kind=256", "drop kind=", "drop p=2", "drop p=nan", "drop by=1ms", "delay", "delay by=1",
            "delay by=2ms..1ms", "flip by=1ms",
            "delay by=1ms..2ms..3ms", "delay by=99999999999999999999s", "delay by=18446744073709551615s", "drop count=-1", "drop what",
            "seed=x", "drop color=red",
        ])
    func unreadable(text: String) {
        let error = #expect(throws: FaultSpecificationError.self) { try FaultInjector(parsing: text) }
        #expect(error?.description.contains("found") == true)
    }

    @Test("a probability hits about its share")
    func probability() {
        var injector = FaultInjector(seed: 1, [FaultRule(.drop, probability: 0.25)])
        let hits = (0..<10_000).count { _ in injector.decide(kind: 0) == .drop }
        #expect((2300...2700).contains(hits))
    }
}
