import RayflowCore
import Testing

@testable import Workflow

@Suite("Durations, sizes and types") struct FormTests {
    @Test(
        "durations",
        arguments: [
            ("0", .zero), ("10s", .seconds(10)), ("1h30m", .seconds(5400)), ("500ms", .milliseconds(500)), ("1.5h", .seconds(5400)),
            ("2d", .seconds(172_800)), ("1m30s", .seconds(90)), ("250us", .microseconds(250)), ("7ns", .nanoseconds(7)), ("0s", .zero),
            ("0.5s", .milliseconds(500)), ("1h1ms", .seconds(3600) + .milliseconds(1)), ("3650d", .seconds(3650 * 86_400)),
        ] as [(String, Duration)])
    func durations(text: String, duration: Duration) {
        #expect(DurationForm.parse(text) == duration)
        #expect(DurationForm.parse(DurationForm.text(duration)) == duration)
    }

    @Test(
        "what is no duration",
        arguments: [
            "", "10", "s", "-1s", "1s1h", "1s1s", "1 s", "1.s", ".5s", "1..5s", "1S", "1y", "3651d", "1e3s", "٣s", "99999999999999999999d",
        ])
    func noDuration(text: String) {
        #expect(DurationForm.parse(text) == nil)
    }

    @Test(
        "sizes",
        arguments: [
            ("0", 0), ("4096", 4096), ("1B", 1), ("256MiB", 256 << 20), ("1GB", 1_000_000_000), ("1.5GiB", 3 << 29), ("2Gi", 2 << 30),
            ("2G", 2 << 30),
            ("3 KiB", 3072), ("1kB", 1000), ("1TiB", 1 << 40), ("0.3B", 0),
        ])
    func sizes(text: String, bytes: Int) {
        #expect(SizeForm.parse(text) == .bytes(bytes))
    }

    @Test("what is no size", arguments: ["", "MiB", "-1", "1 giga", "1mib", "1.5.2K", "1e3", "99999999PiB", "0x10"])
    func noSize(text: String) {
        #expect(SizeForm.parse(text) == nil)
    }

    @Test(
        "types read and print alike",
        arguments: [
            "string", "int", "float", "bool", "duration", "size", "enum", "file", "dir", "bytes", "json", "list<int>", "map<list<file>>",
        ])
    func types(text: String) {
        #expect(ValueType(text)?.description == text)
    }

    @Test("blanks in types do not count") func typeBlanks() { #expect(ValueType(" list< map <int> > ") == .list(.map(.int))) }

    @Test("what is no type", arguments: ["", "str", "list", "list<>", "list<int", "set<int>", "list<list>", "int>", "Int"])
    func noType(text: String) {
        #expect(ValueType(text) == nil)
    }

    @Test("a type nested without end is refused")
    func deepType() {
        #expect(ValueType(String(repeating: "list<", count: 10_000) + "int" + String(repeating: ">", count: 10_000)) == nil)
    }

    @Test("the pause between attempts grows as the policy says")
    func pauses() {
        var policy = RetryPolicy()
        policy.delay = .seconds(2)
        policy.maxDelay = .seconds(10)
        func pauses() -> [Duration] { (2...6).map { policy.pause(beforeAttempt: $0) } }
        #expect(pauses() == [2, 4, 8, 10, 10].map { .seconds($0) })
        policy.backoff = .linear
        #expect(pauses() == [2, 4, 6, 8, 10].map { .seconds($0) })
        policy.backoff = .constant
        #expect(pauses() == [2, 2, 2, 2, 2].map { .seconds($0) })
        policy.backoff = .none
        #expect(pauses() == [0, 0, 0, 0, 0].map { .seconds($0) })
        policy.backoff = .exponential
        policy.factor = 1000
        #expect(policy.pause(beforeAttempt: 1000) == .seconds(10))
    }
}
