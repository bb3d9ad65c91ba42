import RayflowCore

/// What object stores hold and who keeps it, for a person.
struct MemoryText {
    enum Group: String, CaseIterable {
        case task, node, tier, owner
    }

    private var answer: JSON
    private var group: Group?
    private var source: String
    private var order: MemoryOrder
    private let names: MemoryNames

    init(_ answer: JSON, group: Group?, order: MemoryOrder = .raw, source: String) {
        self.answer = answer
        self.group = group
        self.order = order
        self.source = source
        names = MemoryNames(answer)
    }

    /// A row for each object, or for each group: the one with the most bytes first, what was left out last.
    var rows: [JSONObject] {
        let objects = answer["objects"]?.arrayValue ?? []
        guard let group else { return objects.compactMap(\.objectValue) }
        var sums: [MemorySum] = []
        var places: [String: Int] = [:]
        for object in objects {
            let name = object[group.rawValue]?.stringValue ?? ""
            let place = places[name] ?? sums.count
            if place == sums.count {
                places[name] = place
                sums.append(MemorySum(name: name))
            }
            sums[place].add(object)
        }
        sums.sort { a, b in
            let (left, right) = order == .stored ? (a.stored, b.stored) : (a.raw, b.raw)
            return left != right ? left > right : a.name < b.name
        }
        if let left = answer["left-out"], left["objects"]?.intValue ?? 0 > 0 {
            var rest = MemorySum(name: Self.rest)
            rest.add(left, count: left["objects"]?.intValue ?? 0)
            sums.append(rest)
        }
        return sums.map { $0.members(as: group) }
    }
    /// Of the group of what the engine has not told of one by one.
    private static let rest = "(others)"

    var text: String {
        var lines = ["object store as of \(source)"]
        for node in answer["nodes"]?.arrayValue ?? [] where node["answers"] == false {
            lines.append("  node \(names.node(node["node"]?.stringValue ?? "")) does not answer: what it holds is missing here")
        }
        if answer["gcs"] == "silent" { lines.append("  the global control service does not answer: other nodes are missing here") }
        lines += MemoryTotals(answer["totals"] ?? .null).lines
        lines += rowLines
        lines += transfers("wanted", "comes", ["object", "node", "kind", "state", "raw", "chunks", "from"])
        lines += transfers("sent", "goes", ["object", "node", "to", "raw", "chunks", "under-way"])
        lines += processes
        return lines.joined(separator: "\n")
    }

    // MARK: - Objects

    private var rowLines: [String] {
        let rows = rows
        guard !rows.isEmpty else { return ["  no objects"] }
        let head: [String]
        if let group {
            head = [group.rawValue, "objects", "raw", "stored", "ratio"]
        } else {
            var optional: Set<String> = []
            if answer["nodes"]?.arrayValue?.count ?? 0 > 1 { optional.insert("node") }
            if rows.contains(where: { $0["copy"] == "secondary" }) { optional.insert("copy") }
            head = ["object", "made by", "owner", "node", "tier", "copy", "raw", "stored", "ratio", "age", "idle", "held by"]
                .filter { !["node", "copy"].contains($0) || optional.contains($0) }
        }
        var lines = TextTable.lines([head] + rows.map { row in head.map { cell($0, row) } })
        let all = answer["total"]?.intValue ?? 0
        let told = answer["objects"]?.arrayValue?.count ?? 0
        if group == nil, all > told { lines.append("  \(told) of \(all) objects; --limit shows more") }
        return lines
    }

    private func cell(_ column: String, _ row: JSONObject) -> String {
        let value = row[column] ?? .null
        switch column {
        case "object": return names.object(value.stringValue ?? "")
        case "made by", "task": return Self.cut(row["task"]?.stringValue ?? "")
        case "owner":
            if let owner = value.stringValue { return owner.isEmpty ? "nobody known" : owner == Self.rest ? owner : names.process(owner) }
            return ""
        case "node": return value.stringValue == Self.rest ? Self.rest : names.node(value.stringValue ?? "")
        case "raw": return Self.bytes(value)
        case "stored": return Self.bytes(row["stored"] ?? .null)
        case "ratio": return Self.ratio(row["raw"]?.intValue ?? 0, row["stored"]?.intValue ?? 0)
        case "age", "idle": return TimeText.seconds(value.intValue ?? 0)
        case "held by": return MemoryHolders(row, names).text
        default: return RowFilter.text(value)
        }
    }

    static func bytes(_ value: JSON?) -> String { ByteCount(bytes: value?.intValue ?? 0).rounded }

    private static func cut(_ text: String) -> String {
        text.count > CommandLimits.cellCharacters ? text.prefix(CommandLimits.cellCharacters) + "…" : text
    }

    private static func ratio(_ raw: Int, _ stored: Int) -> String {
        guard stored > 0 else { return "" }
        let tenths = (raw * 10 + stored / 2) / stored
        return "\(tenths / 10).\(tenths % 10)"
    }

    // MARK: - What is besides

    private func transfers(_ list: String, _ verb: String, _ columns: [String]) -> [String] {
        let rows = answer[list]?.arrayValue?.compactMap(\.objectValue) ?? []
        guard !rows.isEmpty else { return [] }
        let sum = rows.reduce(0) { $0 + ($1["raw"]?.intValue ?? 0) }
        let cells = rows.prefix(CommandLimits.shownInMemory).map { row in
            columns.map { column in
                switch column {
                case "chunks": "\(row["chunks"]?.intValue ?? 0) of \(row["of-chunks"]?.intValue ?? 0)"
                case "under-way": Self.bytes(row[column])
                case "from", "to": names.node(row[column]?.stringValue ?? "")
                default: cell(column, row)
                }
            }
        }
        return ["  \(rows.count) \(rows.count == 1 ? "object" : "objects") of \(ByteCount(bytes: sum).rounded) \(verb):"]
            + TextTable.lines([columns] + cells) + Self.more(rows.count)
    }

    private static func more(_ count: Int) -> [String] {
        count > CommandLimits.shownInMemory ? ["  … and \(count - CommandLimits.shownInMemory) more; --json shows all"] : []
    }

    private var processes: [String] {
        let columns = ["process", "small values", "bytes", "large values", "bytes", "pending", "failed", "borrowed"]
        let keys = ["small-objects", "small-bytes", "large-objects", "large-bytes", "pending", "failed", "borrowed"]
        var silent: [String] = [], rows: [(weight: Int, cells: [String])] = []
        for process in answer["processes"]?.arrayValue ?? [] {
            let name = names.process(process["process"]?.stringValue ?? "")
            if process["answers"] == false {
                silent.append("  \(name) does not answer: what it owns and holds is not known")
            } else if keys.contains(where: { process[$0]?.intValue ?? 0 > 0 }) {
                rows.append(
                    (
                        (process["small-bytes"]?.intValue ?? 0) + (process["large-bytes"]?.intValue ?? 0),
                        [name] + keys.map { $0.hasSuffix("bytes") ? Self.bytes(process[$0]) : "\(process[$0]?.intValue ?? 0)" }
                    ))
            }
        }
        rows.sort { $0.weight != $1.weight ? $0.weight > $1.weight : $0.cells[0] < $1.cells[0] }
        let shown = rows.prefix(CommandLimits.shownInMemory).map(\.cells)
        guard !rows.isEmpty else { return silent }
        return ["  owned, small values in the process itself:"] + TextTable.lines([columns] + shown) + Self.more(rows.count) + silent
    }
}

/// The sum of a group of objects.
private struct MemorySum {
    var name: String
    var count = 0, raw = 0, arena = 0, disk = 0
    var stored: Int { arena + disk }

    mutating func add(_ object: JSON, count: Int = 1) {
        self.count += count
        raw += object["raw"]?.intValue ?? 0
        arena += object["arena"]?.intValue ?? 0
        disk += object["disk"]?.intValue ?? 0
    }

    func members(as group: MemoryText.Group) -> JSONObject {
        [
            group.rawValue: .string(name), "objects": .int(count), "raw": .int(raw), "arena": .int(arena), "disk": .int(disk),
            "stored": .int(stored),
        ]
    }
}
