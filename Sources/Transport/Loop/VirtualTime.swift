/// The clock and the run queue of all virtual loops of a simulation. Same inputs, same order: by time, then by order of scheduling.
///
/// Confined to one thread.
package final class VirtualTime: @unchecked Sendable {
    struct Ticket: Hashable, Sendable { let number: UInt64 }

    private struct Entry {
        let deadline: UInt64
        let number: UInt64
        func precedes(_ other: Entry) -> Bool { (deadline, number) < (other.deadline, other.number) }
    }

    /// Nanoseconds since the simulation began.
    package private(set) var now: UInt64 = 0
    private var heap: [Entry] = []
    /// A cancelled entry stays in the heap without a body.
    private var bodies: [UInt64: @Sendable () -> Void] = [:]
    private var nextNumber: UInt64 = 0

    package init() {}

    /// Closures and timers that are still to run.
    package var pending: Int { bodies.count }

    @discardableResult
    func schedule(at deadline: UInt64, _ body: @escaping @Sendable () -> Void) -> Ticket {
        let entry = Entry(deadline: max(deadline, now), number: nextNumber)
        bodies[nextNumber] = body
        nextNumber += 1
        heap.append(entry)
        siftUp(heap.count - 1)
        return Ticket(number: entry.number)
    }

    func cancel(_ ticket: Ticket) {
        bodies[ticket.number] = nil
    }

    /// Runs the next closure, moving the clock to its time. False when there is none.
    @discardableResult
    package func step() -> Bool { step(notAfter: .max) }

    /// Runs everything due until `duration` from now, then moves the clock there.
    package func advance(by duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let end = now + UInt64(max(seconds, 0)) * 1_000_000_000 + UInt64(max(attoseconds, 0) / 1_000_000_000)
        while step(notAfter: end) {}
        now = max(now, end)
    }

    /// Runs until nothing is due at the present instant; timers of the future stay.
    package func settle() { advance(by: .zero) }

    private func step(notAfter end: UInt64) -> Bool {
        while let first = heap.first, first.deadline <= end {
            dropFirst()
            guard let body = bodies.removeValue(forKey: first.number) else { continue }
            now = first.deadline
            body()
            return true
        }
        return false
    }

    private func dropFirst() {
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            siftDown(0)
        }
    }

    private func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].precedes(heap[parent]) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private func siftDown(_ start: Int) {
        var parent = start
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].precedes(heap[least]) { least = child }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
