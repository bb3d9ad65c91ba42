import Glibc

/// Random numbers that can be had again: `RAYFLOW_TEST_SEED` repeats a failed run's.
struct Seed: RandomNumberGenerator {
    let value: UInt64
    private var state: UInt64

    /// - Parameter purpose: different tests draw different numbers from one seed.
    init(_ purpose: String) {
        value = getenv("RAYFLOW_TEST_SEED").flatMap { UInt64(String(cString: $0)) } ?? .random(in: 1...999_999)
        state = purpose.utf8.reduce(value &* 0x9E37_79B9_7F4A_7C15) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        print("\(purpose): RAYFLOW_TEST_SEED=\(value)")
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
