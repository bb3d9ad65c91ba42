internal import CLinux

/// How rates and times are taken; the definitions are those of the peers' scripts.
struct Sampling: Sendable {
    var runs = 3
    /// Seconds of warm-up before a rate is measured.
    var warmUp = 1.0
    /// Seconds of one window; each is one run.
    var window = 2.0
    /// Seconds that an idle engine is left alone, and then watched.
    var idle = 5.0

    static let full = Sampling()
    /// For a first look.
    static let quick = Sampling(runs: 1, window: 1, idle: 1)

    static func seconds() -> Double { Double(rf_monotonic_ns()) / 1e9 }

    /// Calls of `body` per second, times what one call does. As in `ray microbenchmark`, the clock is read after a tenth of the calls of the
    /// warm-up.
    func rate(
        _ name: String, unit: String = "1/s", of amount: Double = 1, _ body: () async throws -> Void
    ) async rethrows -> Measurement {
        let end = Self.seconds() + warmUp
        var calls = 0
        while Self.seconds() < end {
            try await body()
            calls += 1
        }
        let step = calls / 10 + 1
        var values: [Double] = []
        for _ in 0..<runs {
            let start = Self.seconds()
            calls = 0
            while Self.seconds() - start < window {
                for _ in 0..<step { try await body() }
                calls += step
            }
            values.append(amount * Double(calls) / (Self.seconds() - start))
        }
        return Measurement(name, unit, values)
    }

    /// Seconds of `body`, turned into the metric by `value`; one warm-up, then timed runs.
    func timed(
        _ name: String, unit: String = "s", warmUp: Bool = true, _ value: (Double) -> Double = { $0 }, _ body: () async throws -> Void
    ) async rethrows -> Measurement {
        if warmUp { try await body() }
        var values: [Double] = []
        for _ in 0..<runs { values.append(value(try await Self.time(body))) }
        return Measurement(name, unit, values)
    }

    /// Seconds of one run.
    static func time(_ body: () throws -> Void) rethrows -> Double {
        let start = seconds()
        try body()
        return seconds() - start
    }

    /// Seconds of one run.
    static func time(_ body: () async throws -> Void) async rethrows -> Double {
        let start = seconds()
        try await body()
        return seconds() - start
    }
}
