import RayflowCore

/// Lets faults happen to what one process sends: asks the injector, then passes a frame on never, once, twice or later.
///
/// Confined to the loop.
final class FaultGate: @unchecked Sendable {
    private struct Held {
        let due: UInt64
        let release: () -> Void
    }

    private let loop: Loop
    private(set) var injector: FaultInjector
    private var held: [Address: [Held]] = [:]

    init(loop: Loop, injector: FaultInjector) {
        self.loop = loop
        self.injector = injector
    }

    /// - Parameter onward: with the word that says which bit changes on the way, if one does.
    func pass(_ frame: Frame, sever: @escaping @Sendable (Address) -> Void, onward: @escaping @Sendable (Frame, UInt64?) -> Void) {
        let flipped = onward
        let onward: @Sendable (Frame) -> Void = { flipped($0, nil) }
        switch injector.decide(kind: frame.kind) {
        case .deliver: inOrder(frame, after: 0, onward)
        case .drop: return
        case .duplicate:
            inOrder(frame, after: 0, onward)
            inOrder(frame, after: 0, onward)
        case .delay(let nanoseconds): inOrder(frame, after: nanoseconds, onward)
        case .reorder(let nanoseconds): loop.scheduleTimer(afterNanoseconds: nanoseconds) { onward(frame) }
        case .disconnect: sever(frame.to)
        case .flip(let word): inOrder(frame, after: 0) { flipped($0, word) }
        case .corrupt(let word):
            var frame = frame
            if !frame.body.isEmpty {
                let at = frame.body.startIndex + Int(word >> 3 % UInt64(frame.body.count))
                frame.body[at] ^= 1 << UInt8(word & 7)
            }
            inOrder(frame, after: 0, onward)
        }
    }

    private func inOrder(_ frame: Frame, after delay: UInt64, _ onward: @escaping (Frame) -> Void) {
        let waits = held[frame.to] != nil
        guard waits || delay > 0 else { return onward(frame) }
        let (due, overflow) = loop.now.addingReportingOverflow(delay)
        held[frame.to, default: []].append(Held(due: overflow ? .max : due) { onward(frame) })
        if !waits { releaseWhenDue(frame.to) }
    }

    private func releaseWhenDue(_ address: Address) {
        guard let first = held[address]?.first else { return }
        let now = loop.now
        loop.scheduleTimer(afterNanoseconds: first.due > now ? first.due - now : 0) { [weak self] in self?.release(address) }
    }

    private func release(_ address: Address) {
        let now = loop.now
        let queue = held[address] ?? []
        let due = queue.prefix { $0.due <= now }
        let rest = Array(queue[due.count...])
        held[address] = rest.isEmpty ? nil : rest
        for entry in due { entry.release() }
        releaseWhenDue(address)
    }
}
