/// When and how often a failed attempt is repeated.
package struct RetryPolicy: Sendable {
    package enum Backoff: String, CaseIterable, Hashable, Sendable {
        case none, constant, linear, exponential
    }

    /// What an attempt may end of.
    package enum Cause: String, CaseIterable, Hashable, Sendable {
        case failure, timeout, oom
        case lostNode = "lost-node"
    }

    /// The first one counts.
    package var maxAttempts = 1
    package var backoff = Backoff.exponential
    package var delay = Duration.seconds(1)
    package var factor = 2.0
    package var maxDelay = Duration.seconds(300)
    /// Share of the delay, 0 to 1, by which it is varied at random.
    package var jitter = 0.1
    /// Nil: always.
    package var condition: SourceTemplate?
    package var causes: Set<Cause> = [.failure, .timeout, .oom]

    package init() {}

    /// The pause before the attempt of that number (from 2), without jitter.
    package func pause(beforeAttempt number: Int) -> Duration {
        let round = max(0, number - 2)
        let scale: Double =
            switch backoff {
            case .none: 0
            case .constant: 1
            case .linear: Double(round + 1)
            case .exponential: power(round)
            }
        let bounded = maxDelay / .seconds(1)
        let seconds = min(delay / .seconds(1) * scale, bounded)
        return .seconds(seconds.isFinite ? seconds : bounded)
    }

    private func power(_ exponent: Int) -> Double {
        var result = 1.0
        for _ in 0..<exponent where result < 1e12 { result *= factor }
        return result
    }
}
