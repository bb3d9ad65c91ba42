import RayflowCore

/// Short names for what a report on memory tells of: they differ where the long ones do.
struct MemoryNames {
    private var processes: [String: String] = [:]
    private let taskDigits: Int
    private let nodeDigits: Int

    init(_ answer: JSON) {
        let nodes = Set(answer["nodes"]?.arrayValue?.compactMap { $0["node"]?.stringValue } ?? [])
        nodeDigits = Self.digits(nodes)
        let listed = (answer["objects"]?.arrayValue ?? []) + (answer["wanted"]?.arrayValue ?? []) + (answer["sent"]?.arrayValue ?? [])
        var tasks: Set<String> = []
        for object in listed {
            for name in [object["object"]?.stringValue] + (object["captured-in"]?.arrayValue ?? []).map(\.stringValue) {
                if let name, name.count == Self.objectDigits { tasks.insert(String(name.dropLast(8))) }
            }
        }
        taskDigits = Self.digits(tasks)
        for process in answer["processes"]?.arrayValue ?? [] {
            guard let name = process["process"]?.stringValue else { continue }
            let type = process["name"]?.stringValue ?? ""
            // Of `App.Keeper` the last part: the whole name stands in JSON.
            let kind = type.split(separator: ".").last.map(String.init) ?? process["role"]?.stringValue ?? "process"
            let place = nodes.count > 1 ? "@\((process["node"]?.stringValue ?? "").prefix(nodeDigits))" : ""
            processes[name] = "\(kind) \(process["pid"]?.intValue.map { "\($0)" } ?? "?")\(place)"
        }
        // Workers inside one process share its number.
        let shared = Dictionary(grouping: processes.values) { $0 }.filter { $0.value.count > 1 }
        for (name, short) in processes where shared[short] != nil { processes[name] = "\(short) (\(Self.entity(name)))" }
    }

    private static let objectDigits = 56
    private static let fewestDigits = 8

    private static func digits(_ names: Set<String>) -> Int {
        let longest = names.map(\.count).max() ?? 0
        let differ = { (count: Int) in Set(names.map { $0.prefix(count) }).count == names.count }
        return stride(from: fewestDigits, to: longest, by: 1).first(where: differ) ?? longest
    }

    private static func entity(_ process: String) -> Substring { process.dropFirst("process-".count).prefix(fewestDigits) }

    /// `1a2b3c4d.1` for the first result of a task, `1a2b3c4d.p0` for the first that it has put.
    func object(_ id: String) -> String {
        guard id.count == Self.objectDigits, let index = UInt32(id.suffix(8), radix: 16) else { return id }
        let number = index >= ObjectID.firstPut ? "p\(index - ObjectID.firstPut)" : "\(index)"
        return "\(id.prefix(taskDigits)).\(number)"
    }

    func node(_ id: String) -> String { String(id.prefix(nodeDigits)) }

    /// `driver 4711`, `worker 4712`, or the type of an actor with the number of its process; with several nodes also where.
    func process(_ name: String) -> String {
        switch name {
        case "raylet": "its node"
        case "transfer": "a transfer"
        default: processes[name] ?? "process \(Self.entity(name))"
        }
    }
}

/// What keeps one object.
struct MemoryHolders {
    private let row: JSONObject
    private let names: MemoryNames

    init(_ row: JSONObject, _ names: MemoryNames) { (self.row, self.names) = (row, names) }

    var text: String {
        let readers = (row["readers"]?.arrayValue ?? []).compactMap(\.stringValue).map { names.process($0) }
        let read = readers.isEmpty ? [] : ["read by \(list(readers))"]
        switch row["state"]?.stringValue {
        case "writing": return "being written by \(names.process(row["writer"]?.stringValue ?? ""))"
        case "deleted": return (["deleted"] + read).joined(separator: ", ")
        default: return ([ownerless].compactMap(\.self) + counted + read).joined(separator: ", ")
        }
    }

    /// What there is to say when the owner says nothing.
    private var ownerless: String? {
        switch row["owner-state"]?.stringValue {
        case "silent": "its owner does not answer"
        case "ended": "its owner has ended"
        case "let-go": "let go just now"
        case "none": "no process knows it"
        case "unknown": "not all processes answer"
        default: nil
        }
    }

    private var counted: [String] {
        let refs = row["refs"], holders = row["held-by"]?.arrayValue ?? []
        func count(_ key: String) -> Int { refs?[key]?.intValue ?? 0 }
        var parts: [String] = []
        if count("local") > 0 { parts.append(Self.plural(count("local"), "ref")) }
        let tasks = (row["needed-by"]?.objectValue ?? [:]).map(\.key)
        let taskCount = count("tasks") + holders.reduce(0) { $0 + ($1["tasks"]?.intValue ?? 0) }
        if taskCount > 0 { parts.append(Self.plural(taskCount, "task") + (tasks.isEmpty ? "" : " (\(list(tasks)))")) }
        let captures = count("captured") + holders.reduce(0) { $0 + ($1["captured"]?.intValue ?? 0) }
        let inside = (row["captured-in"]?.arrayValue ?? []).compactMap(\.stringValue).map { names.object($0) }
        if captures > 0 { parts.append("in \(Self.plural(captures, "object"))" + (inside.isEmpty ? "" : " (\(list(inside)))")) }
        let others = (row["borrowed-by"]?.arrayValue ?? []).compactMap(\.stringValue).map { names.process($0) }
        let borrowers = max(count("borrowers"), row["holders"]?.intValue ?? 0, others.count)
        if borrowers > 0 { parts.append("borrowed by " + (others.isEmpty ? "\(borrowers)" : list(others, of: borrowers))) }
        if count("waiting") > 0 { parts.append("\(count("waiting")) waiting") }
        if count("under-way") > 0 { parts.append(Self.plural(count("under-way"), "message")) }
        return parts
    }

    private func list(_ names: [String], of count: Int? = nil) -> String {
        let shown = names.prefix(3), rest = max(count ?? 0, names.count) - shown.count
        return shown.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    }

    private static func plural(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}
