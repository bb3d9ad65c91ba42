/// Decides what happens to each frame, by its kind. The same seed and the same frames give the same faults.
package struct FaultInjector: Sendable {
    private var rules: [FaultRule]
    private var seen: [Int]
    /// How often each rule has struck, in the order of the rules.
    package private(set) var strikes: [Int]
    private var generator: SeededGenerator

    package init(seed: UInt64 = 0, _ rules: [FaultRule]) {
        self.rules = rules
        seen = Array(repeating: 0, count: rules.count)
        strikes = seen
        generator = SeededGenerator(seed: seed)
    }

    /// The same rules, unused, with a sequence of its own.
    package func derived(_ number: UInt64) -> FaultInjector {
        var generator = generator
        return FaultInjector(seed: generator.next() ^ number &* 0x9E37_79B9_7F4A_7C15, rules)
    }

    /// The first rule that strikes decides.
    package mutating func decide(kind: UInt8) -> FaultAction {
        for index in rules.indices {
            let rule = rules[index]
            guard rule.kinds?.contains(kind) ?? true else { continue }
            seen[index] += 1
            guard seen[index] > rule.skip, strikes[index] < rule.count else { continue }
            guard rule.probability >= 1 || generator.unit() < rule.probability else { continue }
            strikes[index] += 1
            switch rule.effect {
            case .drop: return .drop
            case .duplicate: return .duplicate
            case .disconnect: return .disconnect
            case .flip: return .flip(generator.next())
            case .corrupt: return .corrupt(generator.next())
            case .delay(let range): return .delay(nanoseconds: generator.next(in: range))
            case .reorder(let range): return .reorder(nanoseconds: generator.next(in: range))
            }
        }
        return .deliver
    }
}
