import Foundation

/// How large a storm of kills is. The defaults are those of CI; the full one is
///
///     RAYFLOW_STORM_TASKS=20000 swift test --filter "storm of kills"
///
/// A seed that was printed is run again with `RAYFLOW_STORM_SEED`.
struct StormPlan {
    var seed = Self.number("SEED") ?? .random(in: 1 ... .max)
    var tasks = Int(Self.number("TASKS") ?? 4_000)
    var kills = Int(Self.number("KILLS") ?? 200)
    var actors = Int(Self.number("ACTORS") ?? 50)
    /// Refs whose outcome has not been looked at.
    let window = 1_000

    private static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment["RAYFLOW_STORM_\(name)"].flatMap { UInt64($0) }
    }
}

/// SplitMix64.
struct StormRandom: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
