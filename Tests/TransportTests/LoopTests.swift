import Testing

@testable import Transport

@Suite("Loops")
struct LoopTests {
    private final class Trace: @unchecked Sendable { var items: [String] = [] }

    @Test("virtual closures run by time, then by the order of scheduling")
    func order() {
        let time = VirtualTime()
        let loop = Loop(virtual: time)
        let trace = Trace()
        loop.scheduleTimer(after: .nanoseconds(20)) { trace.items.append("late") }
        loop.scheduleTimer(after: .nanoseconds(10)) { trace.items.append("first at 10") }
        loop.scheduleTimer(after: .nanoseconds(10)) { trace.items.append("second at 10") }
        loop.execute { trace.items.append("now") }
        time.advance(by: .nanoseconds(10))
        #expect(trace.items == ["now", "first at 10", "second at 10"])
        #expect(loop.now == 10)
        while time.step() {}
        #expect(trace.items.last == "late" && loop.now == 20)
    }

    @Test("a cancelled timer does not run and does not move the clock")
    func cancel() {
        let time = VirtualTime()
        let loop = Loop(virtual: time)
        let trace = Trace()
        let timer = loop.scheduleTimer(after: .seconds(1)) { trace.items.append("ran") }
        timer.cancel()
        timer.cancel()
        #expect(!time.step() && trace.items.isEmpty && loop.now == 0 && time.pending == 0)
    }

    @Test("many timers come out in order", arguments: UInt64(0)..<10)
    func heap(seed: UInt64) {
        let time = VirtualTime()
        let loop = Loop(virtual: time)
        var random = SeededGenerator(seed: seed)
        let trace = Trace()
        for _ in 0..<300 {
            loop.scheduleTimer(afterNanoseconds: random.next(in: 0...100)) { trace.items.append(String(1000 + loop.now)) }
        }
        time.advance(by: .microseconds(1))
        #expect(trace.items.count == 300 && trace.items == trace.items.sorted())
    }

    @Test("a thread's loop runs closures in order, and sync waits for its own")
    func thread() throws {
        let loop = Loop()
        defer { loop.shutdown() }
        let trace = Trace()
        #expect(!loop.isInLoop)
        for number in 0..<100 { loop.execute { trace.items.append("\(number)") } }
        #expect(try loop.sync { trace.items } == (0..<100).map { "\($0)" })
        #expect(try loop.sync { try loop.sync { loop.isInLoop } })
    }
}
