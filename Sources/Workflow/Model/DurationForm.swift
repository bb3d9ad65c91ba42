/// Durations as the language writes them: `10s`, `1h30m`, `500ms`, `1.5h`.
package enum DurationForm {
    private static let units: [(name: String, nanoseconds: Double)] = [
        ("d", 86_400e9), ("h", 3600e9), ("m", 60e9), ("s", 1e9), ("ms", 1e6), ("us", 1e3), ("µs", 1e3), ("ns", 1),
    ]

    package static let hint = "write a number and a unit: 500ms, 10s, 1h30m, 2d"

    /// Nil for what is no duration, is negative, or is longer than ``WorkflowLimits/duration``. Units must get smaller from left to right;
    /// only `0` may go without one.
    package static func parse(_ text: some StringProtocol) -> Duration? {
        if text == "0" { return .zero }
        var rest = Substring(text)
        var total = 0.0
        var lastUnit = -1
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
            rest = rest.dropFirst(digits.count)
            let name = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(name.count)
            guard let unit = units.firstIndex(where: { $0.name == name }), unit > lastUnit, let amount = NumberWord.decimal(digits) else {
                return nil
            }
            total += amount * units[unit].nanoseconds
            lastUnit = unit
        }
        let duration = Duration.nanoseconds(0) + nanoseconds(total)
        return duration <= WorkflowLimits.duration ? duration : nil
    }

    /// The form with which ``parse(_:)`` gives the same duration.
    package static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        var text = ""
        var rest = seconds
        for (name, length) in [("d", Int64(86_400)), ("h", 3600), ("m", 60), ("s", 1)] where rest >= length {
            text += "\(rest / length)\(name)"
            rest %= length
        }
        var nanoseconds = attoseconds / 1_000_000_000
        for (name, length) in [("ms", Int64(1_000_000)), ("us", 1000), ("ns", 1)] where nanoseconds >= length {
            text += "\(nanoseconds / length)\(name)"
            nanoseconds %= length
        }
        return text.isEmpty ? "0s" : text
    }

    private static func nanoseconds(_ count: Double) -> Duration {
        guard count < 9e18 else { return .seconds(Int64.max / 2) }
        return .nanoseconds(Int64(count.rounded()))
    }
}
