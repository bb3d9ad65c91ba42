/// Amounts of resources in fixed point: one unit is 10,000, so that sums and differences are exact.
///
/// `CPU` and `GPU` count devices, `memory` counts bytes (admission only, as in Ray), every other name is the user's own.
public struct ResourceSet: Hashable, Sendable {
    /// Fixed-point factor of every amount.
    public static let unit: Int64 = 10_000
    public static let cpu = "CPU", gpu = "GPU", memory = "memory"
    /// The largest amount that a resource may have, in whole units.
    public static let largestAmount = 1e14

    /// name → amount × ``unit``; entries are positive, absent means zero.
    public private(set) var amounts: [String: Int64]

    public init() { amounts = [:] }

    /// Amounts in whole units. Throws for what is negative, not finite, too large or finer than 1/10000.
    public init(_ amounts: [String: Double]) throws(RayflowError) {
        self.amounts = [:]
        for (name, value) in amounts {
            let largest = name == Self.memory ? Self.largestAmount : Self.largestAmount / Double(Self.unit)
            guard value.isFinite, value >= 0, value <= largest else {
                throw RayflowError(.invalidArgument, "resource \(name): \(value) is no amount; give a number from 0 to \(largest)")
            }
            let scaled = (value * Double(Self.unit)).rounded()
            if scaled == 0, value > 0 {
                throw RayflowError(.invalidArgument, "resource \(name): \(value) is finer than 1/\(Self.unit)")
            }
            self[name] = Int64(scaled)
        }
    }

    public static func cpus(_ count: Int) -> ResourceSet {
        var set = ResourceSet()
        set[cpu] = Int64(count) * unit
        return set
    }

    public subscript(name: String) -> Int64 {
        get { amounts[name] ?? 0 }
        set { amounts[name] = newValue == 0 ? nil : newValue }
    }

    public var isEmpty: Bool { amounts.isEmpty }

    /// The CPU share alone: what a blocked task gives back.
    public var cpuOnly: ResourceSet {
        var set = ResourceSet()
        set[Self.cpu] = self[Self.cpu]
        return set
    }

    public func fits(in other: ResourceSet) -> Bool { amounts.allSatisfy { $0.value <= other[$0.key] } }

    /// The first resource (by name) of which `other` has too little, and how much is missing.
    public func shortage(in other: ResourceSet) -> (name: String, missing: Int64)? {
        for (name, amount) in amounts.sorted(by: { $0.key < $1.key }) where amount > other[name] { return (name, amount - other[name]) }
        return nil
    }

    public static func += (a: inout ResourceSet, b: ResourceSet) { for (name, amount) in b.amounts { a[name] += amount } }
    /// May go below zero: a woken task is booked back at once, and nothing new is granted until the sum is non-negative.
    public static func -= (a: inout ResourceSet, b: ResourceSet) { for (name, amount) in b.amounts { a[name] -= amount } }

    public static func + (a: ResourceSet, b: ResourceSet) -> ResourceSet {
        var sum = a
        sum += b
        return sum
    }
    public static func - (a: ResourceSet, b: ResourceSet) -> ResourceSet {
        var rest = a
        rest -= b
        return rest
    }

    public var hasDebt: Bool { amounts.contains { $0.value < 0 } }
}

extension ResourceSet: CustomStringConvertible {
    public var description: String {
        amounts.sorted { $0.key < $1.key }.map { "\($0.key): \(Self.text($0.value))" }.joined(separator: ", ")
    }
    public static func text(_ amount: Int64) -> String {
        let whole = amount / unit, rest = abs(amount % unit)
        if rest == 0 { return "\(whole)" }
        return "\(Double(amount) / Double(unit))"
    }
}

extension ByteWriter {
    public mutating func resources(_ set: ResourceSet) {
        list(set.amounts.sorted { $0.key < $1.key }) { writer, entry in
            writer.string(entry.key)
            writer.i64(entry.value)
        }
    }
}

extension ByteReader {
    public mutating func resources() throws(DecodingFault) -> ResourceSet {
        var set = ResourceSet()
        for _ in 0..<(try length(unit: 12)) {
            let name = try string()
            set[name] = try i64()
        }
        return set
    }
}
