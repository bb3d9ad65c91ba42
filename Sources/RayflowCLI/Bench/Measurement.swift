import RayflowCore

/// One metric: the values of its runs.
struct Measurement: Sendable {
    var name: String
    var unit: String
    var values: [Double]

    init(_ name: String, _ unit: String, _ values: [Double]) {
        self.name = name
        self.unit = unit
        self.values = values
    }

    var median: Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return .nan }
        return sorted.count % 2 == 1 ? sorted[sorted.count / 2] : (sorted[sorted.count / 2 - 1] + sorted[sorted.count / 2]) / 2
    }
    var mean: Double { values.reduce(0, +) / Double(values.count) }
    /// Of the runs as the whole population, as `ray microbenchmark` gives it.
    var deviation: Double { (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot() }

    var json: JSON {
        [
            "median": .double(median), "mean": .double(mean), "sd": .double(deviation), "min": .double(values.min() ?? .nan),
            "max": .double(values.max() ?? .nan), "unit": .string(unit), "runs": .int(values.count),
            "values": .array(values.map(JSON.double)),
        ]
    }

    /// Nil for what ``json`` did not write.
    init?(name: String, json: JSON) {
        guard let object = json.objectValue, let unit = object["unit"]?.stringValue, let values = object["values"]?.arrayValue,
            !values.isEmpty
        else { return nil }
        self.init(name, unit, values.compactMap(\.doubleValue))
        guard self.values.count == values.count else { return nil }
    }

    /// For people.
    var text: String {
        let name = name.count < 31 ? name + String(repeating: " ", count: 31 - name.count) : name + " "
        let spread =
            "(\(Self.text(values.min() ?? .nan)) to \(Self.text(values.max() ?? .nan)), mean \(Self.text(mean)) ± \(Self.text(deviation)))"
        return "\(name)\(Self.text(median)) \(unit)  " + (values.count > 1 ? spread : "(one run)")
    }

    private static func text(_ value: Double) -> String {
        let digits = abs(value) >= 1_000 ? 0 : abs(value) >= 10 ? 1 : 4
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let rounded = (value * scale).rounded() / scale
        guard digits == 0, let whole = Int(exactly: rounded) else { return "\(rounded)" }
        return "\(whole)"
    }
}
