internal import CLinux
import RayflowCore

/// One metric: the values of its runs.
struct Measurement: Sendable {
    var name: String
    var unit: String
    var values: [Double]

    var median: Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return .nan }
        return sorted.count % 2 == 1 ? sorted[sorted.count / 2] : (sorted[sorted.count / 2 - 1] + sorted[sorted.count / 2]) / 2
    }

    var json: JSON {
        ["median": .double(median), "min": .double(values.min() ?? .nan), "max": .double(values.max() ?? .nan), "unit": .string(unit)]
    }
}

/// How rates and times are taken; the definitions are those of the peers' scripts.
enum Sampling {
    /// Seconds of warm-up before a rate is measured.
    static let warmUp = 1.0
    /// Seconds of one window; each is one run.
    static let window = 2.0
    static let windows = 3
    static let timedRuns = 3

    static func seconds() -> Double { Double(rf_monotonic_ns()) / 1e9 }

    /// Calls per second: `body` makes `batch` calls.
    static func rate(_ name: String, batch: Int = 1, unit: String = "1/s", _ body: () async throws -> Void) async rethrows -> Measurement {
        var end = seconds() + warmUp
        repeat { try await body() } while seconds() < end
        var values: [Double] = []
        for _ in 0..<windows {
            let start = seconds()
            end = start + window
            var calls = 0
            repeat {
                try await body()
                calls += batch
            } while seconds() < end
            values.append(Double(calls) / (seconds() - start))
        }
        return Measurement(name: name, unit: unit, values: values)
    }

    /// Seconds of `body`, turned into the metric by `value`; one warm-up, then timed runs.
    static func timed(
        _ name: String, unit: String, warmUps: Int = 1, _ value: (Double) -> Double, _ body: () async throws -> Void
    ) async rethrows -> Measurement {
        for _ in 0..<warmUps { try await body() }
        var values: [Double] = []
        for _ in 0..<timedRuns {
            let start = seconds()
            try await body()
            values.append(value(seconds() - start))
        }
        return Measurement(name: name, unit: unit, values: values)
    }
}
