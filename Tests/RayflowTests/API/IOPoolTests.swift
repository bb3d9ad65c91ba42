import Dispatch
import Rayflow
import Testing

@Suite("Threads for what takes long") struct IOPoolTests {
    private final class Chunk: Sendable {}

    @Test("what a job holds goes when it is done, though others wait behind it")
    func release() {
        let pool = IOPool(threads: 1)
        defer { pool.close() }
        let begun = DispatchSemaphore(value: 0), goOn = DispatchSemaphore(value: 0), end = DispatchSemaphore(value: 0)
        weak var held: Chunk?
        do {
            let chunk = Chunk()
            held = chunk
            pool.run { withExtendedLifetime(chunk) {} }
        }
        pool.run {
            begun.signal()
            goOn.wait()
        }
        pool.run { end.signal() }
        begun.wait()
        #expect(held == nil)
        goOn.signal()
        end.wait()
    }

    @Test("jobs are done once each, in order, however many wait")
    func order() {
        let pool = IOPool(threads: 1)
        defer { pool.close() }
        let goOn = DispatchSemaphore(value: 0), end = DispatchSemaphore(value: 0)
        nonisolated(unsafe) var done: [Int] = []
        pool.run { goOn.wait() }
        for number in 0..<1_000 { pool.run { done.append(number) } }
        pool.run { end.signal() }
        goOn.signal()
        end.wait()
        #expect(done == Array(0..<1_000))
    }
}
