/// A fault specification that cannot be read.
package struct FaultSpecificationError: Error, Sendable, Hashable, CustomStringConvertible {
    package var description: String
}

extension FaultInjector {
    /// Reads the text form, for the environment of a crash test: rules separated by `;`, fields by spaces.
    ///
    ///     seed=7; drop kind=12 skip=2 count=1; delay kind=3,4 by=5ms..20ms p=0.25; reorder by=1ms; duplicate kind=9; disconnect kind=2; flip kind=129
    package init(parsing text: String) throws(FaultSpecificationError) {
        var seed: UInt64 = 0
        var rules: [FaultRule] = []
        for clause in text.split(separator: ";") {
            let words = clause.split(separator: " ")
            guard let first = words.first else { continue }
            if words.count == 1, first.hasPrefix("seed=") {
                seed = try Self.number(first.dropFirst(5))
            } else {
                rules.append(try Self.rule(named: first, words.dropFirst()))
            }
        }
        self.init(seed: seed, rules)
    }

    private static func rule(named name: Substring, _ fields: ArraySlice<Substring>) throws(FaultSpecificationError) -> FaultRule {
        var rule = FaultRule(.drop)
        var range: ClosedRange<UInt64>?
        for field in fields {
            guard let equals = field.firstIndex(of: "=") else { throw bad(field, "a field is name=value") }
            let value = field[field.index(after: equals)...]
            switch field[..<equals] {
            case "kind":
                var kinds: Set<UInt8> = []
                for part in value.split(separator: ",", omittingEmptySubsequences: false) { kinds.insert(try number(part)) }
                rule.kinds = kinds
            case "skip": rule.skip = try number(value)
            case "count": rule.count = try number(value)
            case "p":
                guard let share = Double(value), (0...1).contains(share) else { throw bad(value, "a probability from 0 to 1") }
                rule.probability = share
            case "by": range = try durations(value)
            default: throw bad(field, "kind, skip, count, p or by")
            }
        }
        rule.effect = try effect(name, range)
        return rule
    }

    private static func effect(_ name: Substring, _ range: ClosedRange<UInt64>?) throws(FaultSpecificationError) -> FaultRule.Effect {
        switch (name, range) {
        case ("drop", nil): return .drop
        case ("duplicate", nil): return .duplicate
        case ("disconnect", nil): return .disconnect
        case ("flip", nil): return .flip
        case ("corrupt", nil): return .corrupt
        case ("delay", let range?): return .delay(range)
        case ("reorder", let range?): return .reorder(range)
        case ("delay", nil), ("reorder", nil): throw bad(name, "by=DURATION or by=DURATION..DURATION after it")
        default: throw bad(name, "drop, duplicate, disconnect, flip, corrupt without by=, or delay, reorder with it")
        }
    }

    private static func durations(_ text: Substring) throws(FaultSpecificationError) -> ClosedRange<UInt64> {
        let parts = text.split(separator: "..", omittingEmptySubsequences: false)
        guard let first = parts.first, let last = parts.last, parts.count <= 2 else { throw bad(text, "one duration or two") }
        let (low, high) = (try duration(first), try duration(last))
        guard low <= high else { throw bad(text, "the smaller duration first") }
        return low...high
    }

    private static func duration(_ text: Substring) throws(FaultSpecificationError) -> UInt64 {
        for (unit, nanoseconds) in [("ns", 1), ("us", 1000), ("ms", 1_000_000), ("s", 1_000_000_000)] as [(String, UInt64)]
        where text.hasSuffix(unit) {
            let (value, overflow) = (try number(text.dropLast(unit.count)) as UInt64).multipliedReportingOverflow(by: nanoseconds)
            if overflow { break }
            return value
        }
        throw bad(text, "a duration such as 20ms")
    }

    private static func number<T: FixedWidthInteger>(_ text: Substring) throws(FaultSpecificationError) -> T {
        guard let value = T(text), value >= 0 else { throw bad(text, "a number") }
        return value
    }

    private static func bad(_ found: Substring, _ expected: String) -> FaultSpecificationError {
        FaultSpecificationError(description: "fault specification: found '\(found)', expected \(expected)")
    }
}
