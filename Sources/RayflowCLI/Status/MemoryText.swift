import RayflowCore

/// What an object store holds, for a person.
struct MemoryText {
    enum Group: String, CaseIterable {
        case task, node, tier
    }

    private var answer: JSON
    private var group: Group?
    private var source: String

    init(_ answer: JSON, group: Group?, source: String) {
        self.answer = answer
        self.group = group
        self.source = source
    }

    /// A row for each object, or for each group: the one with the most bytes first.
    var rows: [JSONObject] {
        let objects = answer["objects"]?.arrayValue ?? []
        guard let group else { return objects.compactMap(\.objectValue) }
        var sums: [(name: String, count: Int, raw: Int, arena: Int, disk: Int)] = []
        var places: [String: Int] = [:]
        for object in objects {
            let name = object[group.rawValue]?.stringValue ?? ""
            let place = places[name] ?? sums.count
            if place == sums.count {
                places[name] = place
                sums.append((name, 0, 0, 0, 0))
            }
            sums[place].count += 1
            sums[place].raw += object["raw"]?.intValue ?? 0
            sums[place].arena += object["arena"]?.intValue ?? 0
            sums[place].disk += object["disk"]?.intValue ?? 0
        }
        return sums.sorted { ($1.raw, $0.name) < ($0.raw, $1.name) }.map {
            [
                group.rawValue: .string($0.name), "objects": .int($0.count), "raw": .int($0.raw), "arena": .int($0.arena),
                "disk": .int($0.disk),
            ]
        }
    }

    var text: String {
        var lines = ["object store as of \(source)"]
        let totals = answer["totals"]
        func total(_ name: String) -> Int { totals?[name]?.intValue ?? 0 }
        lines.append(
            "  memory: \(ByteCount(bytes: total("arena")).rounded) of \(ByteCount(bytes: total("capacity")).rounded) in use, "
                + "\(ByteCount(bytes: total("warm")).rounded) of it compressed")
        lines.append(
            "  disk: \(ByteCount(bytes: total("disk")).rounded) in \(total("spill-files")) files; \(total("spilled")) objects spilled, "
                + "\(total("restored")) brought back")
        if total("damaged") > 0 { lines.append("  \(total("damaged")) copies came back damaged and were dropped") }
        if total("waiting") > 0 { lines.append("  \(total("waiting")) requests wait for room") }
        let rows = rows
        guard !rows.isEmpty else { return (lines + ["  no objects"]).joined(separator: "\n") }
        let head = group.map { [$0.rawValue, "objects"] } ?? ["object", "tier"]
        let tail = group == nil ? ["copy", "pins", "age", "idle"] : []
        var cells = [head + ["raw", "stored", "ratio"] + tail]
        for row in rows {
            let raw = row["raw"]?.intValue ?? 0
            let stored = (row["arena"]?.intValue ?? 0) + (row["disk"]?.intValue ?? 0)
            cells.append(
                head.map { Self.cell($0, row[$0]) } + [
                    ByteCount(bytes: raw).rounded, ByteCount(bytes: stored).rounded, Self.ratio(raw, stored),
                ]
                    + tail.map { Self.cell($0, row[$0]) })
        }
        lines += TextTable.lines(cells)
        let all = answer["total"]?.intValue ?? 0
        let told = answer["objects"]?.arrayValue?.count ?? 0
        if all > told { lines.append("  \(told) of \(all) objects; --limit shows more") }
        return lines.joined(separator: "\n")
    }

    private static func cell(_ key: String, _ value: JSON?) -> String {
        guard let value else { return "" }
        if key == "age" || key == "idle", let seconds = value.intValue { return "\(seconds) s" }
        return RowFilter.text(value)
    }

    private static func ratio(_ raw: Int, _ stored: Int) -> String {
        guard stored > 0 else { return "" }
        let tenths = (raw * 10 + stored / 2) / stored
        return "\(tenths / 10).\(tenths % 10)"
    }
}
