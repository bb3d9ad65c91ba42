import Ownership
import Testing

@Suite("What a raylet hears of a worker that waits")
struct WaitGaugeTests {
    @Test("a wait that lasts is said, and its end")
    func long() {
        var gauge = WaitGauge()
        let wait = gauge.begin()
        let isSaid = gauge.isBlocked(since: wait)
        let mustSay = gauge.end()
        let isOver = gauge.isUnblocked()
        #expect(isSaid && mustSay && isOver)
    }

    @Test("nothing is said of a wait that is over in time, nor of the next one for its sake")
    func short() {
        var gauge = WaitGauge()
        let first = gauge.begin()
        let mustSay = gauge.end()
        let second = gauge.begin()
        let early = gauge.isBlocked(since: first)
        let isSaid = gauge.isBlocked(since: second)
        #expect(!mustSay && !early && isSaid)
    }

    @Test("of several waits the last to begin counts, and the last to end")
    func several() {
        var gauge = WaitGauge()
        let first = gauge.begin(), second = gauge.begin()
        let early = gauge.isBlocked(since: first)
        let one = gauge.end()
        let isSaid = gauge.isBlocked(since: second)
        let both = gauge.end()
        #expect(!early && !one && isSaid && both)
    }

    @Test(
        "a wait that begins before the end of the last one is said keeps the worker blocked, also when it is found long before that",
        arguments: [false, true])
    func again(isLongFirst: Bool) {
        var gauge = WaitGauge()
        let first = gauge.begin()
        let isSaid = gauge.isBlocked(since: first), mustSay = gauge.end()
        #expect(isSaid && mustSay)
        let second = gauge.begin()
        // Both are due on the loop, which keeps no order between what was put there and timers.
        let isSaidAgain = isLongFirst && gauge.isBlocked(since: second)
        let isUnsaid = gauge.isUnblocked()
        let isSaidLate = !isLongFirst && gauge.isBlocked(since: second)
        #expect(!isSaidAgain && !isUnsaid && !isSaidLate, "it is blocked, and that is what the raylet believes")
        // When it goes on, that is said, once.
        let mustSayEnd = gauge.end(), isOver = gauge.isUnblocked(), isOverTwice = gauge.isUnblocked()
        #expect(mustSayEnd && isOver && !isOverTwice)
    }
}
