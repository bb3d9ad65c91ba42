package import RayflowCore

/// Puts together what the nodes say of their object stores and what the processes say of the objects: whose each one is, what made it, and
/// what keeps it. Pure: answers go in as they came, or nil for those that did not come.
package struct MemoryReport: Sendable {
    package struct Node: Sendable {
        package var node: String
        package var answer: JSON?
        package init(node: String, answer: JSON?) { (self.node, self.answer) = (node, answer) }
    }

    package struct Process: Sendable {
        package enum Role: String, Sendable { case driver, worker, actor }
        package var process: String
        package var role: Role
        /// Of an actor its type.
        package var name: String
        package var node: String
        package var pid: Int?
        package var answer: JSON?
        package init(process: String, role: Role, name: String = "", node: String, pid: Int? = nil, answer: JSON? = nil) {
            (self.process, self.role, self.name, self.node, self.pid, self.answer) = (process, role, name, node, pid, answer)
        }
    }

    /// What is known of the owner of an object.
    package enum OwnerState: String, Sendable {
        case answers
        /// It is there, and has not said anything in time.
        case silent
        /// It has ended, so the object stays until its job ends.
        case ended
        /// It knows the object no more: the copy is about to be deleted.
        case letGo = "let-go"
        /// No process knows the object, and all have answered: its owner has ended, or it is about to be deleted.
        case none
        /// No process knows the object, and not all have answered.
        case unknown
    }

    private let nodes: [Node]
    private let rows: [JSONObject]
    private let leftOut: [String: Int]
    private let total: Int
    package var processes: [Process] = []
    /// By the identity of the task; for those of which no process knows any more.
    package var taskNames: [String: String] = [:]
    /// Types of actors by their identity.
    package var actorTypes: [String: String] = [:]
    package var isGCSSilent = false

    /// - Parameter limit: objects at most, of those that the nodes tell of.
    package init(_ nodes: [Node], order: MemoryOrder, limit: Int) {
        self.nodes = nodes
        let told = nodes.flatMap { $0.answer?["objects"]?.arrayValue?.compactMap(\.objectValue) ?? [] }
        let sorted = told.enumerated().sorted { a, b in
            let left = a.element[order.name]?.intValue ?? 0, right = b.element[order.name]?.intValue ?? 0
            return left != right ? left > right : a.offset < b.offset
        }.map(\.element)
        rows = Array(sorted.prefix(limit))
        total = nodes.reduce(0) { $0 + ($1.answer?["total"]?.intValue ?? 0) }
        var left: [String: Int] = [:]
        for part in nodes.compactMap({ $0.answer?["left-out"]?.objectValue }) {
            for (key, value) in part { left[key, default: 0] += value.intValue ?? 0 }
        }
        for row in sorted.dropFirst(limit) {
            left["objects", default: 0] += 1
            for key in ["raw", "arena", "disk"] { left[key, default: 0] += row[key]?.intValue ?? 0 }
        }
        leftOut = left
    }

    /// What the processes are to be asked about.
    package var objects: [ObjectID] { Array(Set(ids)).sorted() }
    private var ids: [ObjectID] { rows.compactMap { $0["object"]?.stringValue.flatMap { ObjectID($0) } } }

    /// Tasks that have made objects and that no process knows by name.
    package var unnamedTasks: Set<String> {
        let makers = makers
        return Set(ids.map { "\($0.task)" }.filter { makers[$0] == nil })
    }

    private var makers: [String: String] {
        var names = taskNames
        for process in processes {
            for (task, name) in process.answer?["makers"]?.objectValue ?? [:] { names[task] = name.stringValue }
            if let root = process.answer?["root"]?.stringValue { names[root] = process.role.rawValue }
        }
        return names
    }

    // MARK: - The answer

    package var json: JSON {
        let makers = makers, known = known
        let isComplete = processes.allSatisfy { $0.answer != nil } && !isGCSSilent
        let all = Dictionary(processes.map { ($0.process, $0) }) { first, _ in first }
        return [
            "objects": .array(rows.map { .object(merged($0, makers, known, all, isComplete)) }), "total": .int(total),
            "left-out": .object(JSONObject(["objects", "raw", "arena", "disk"].map { ($0, .int(leftOut[$0] ?? 0)) })),
            "totals": .object(totals), "nodes": .array(nodes.map { .object(Self.member($0)) }),
            "processes": .array(processes.map { .object(Self.member($0)) }), "wanted": list("wanted"), "sent": list("sent"),
            "gcs": .string(isGCSSilent ? "silent" : "answers"),
        ]
    }

    private typealias Known = [String: [(process: String, holding: JSON)]]

    /// What processes know of each object.
    private var known: Known {
        var known: Known = [:]
        for process in processes {
            for holding in process.answer?["objects"]?.arrayValue ?? [] {
                guard let object = holding["object"]?.stringValue else { continue }
                known[object, default: []].append((process.process, holding))
            }
        }
        return known
    }

    private func merged(
        _ row: JSONObject, _ makers: [String: String], _ known: Known, _ processes: [String: Process], _ isComplete: Bool
    ) -> JSONObject {
        guard let text = row["object"]?.stringValue, let id = ObjectID(text) else { return row }
        let answers = known[text] ?? []
        let own = answers.first { $0.holding["owner"]?.stringValue == $0.process }
        let owner = own?.process ?? answers.first?.holding["owner"]?.stringValue
        let state: OwnerState =
            if own != nil {
                .answers
            } else if let owner {
                processes[owner].map { $0.answer == nil ? .silent : .letGo } ?? (isComplete ? .ended : .unknown)
            } else {
                isComplete ? .none : .unknown
            }
        var merged: JSONObject = [
            "object": .string(text), "task": .string(maker(of: id, makers)), "kind": .string(id.isPut ? "put" : "result"),
            "task-id": .string("\(id.task)"), "owner": owner.map { .string($0) } ?? .null, "owner-state": .string(state.rawValue),
            "refs": own.map { .object(Self.counts($0.holding)) } ?? .null,
        ]
        let others = answers.filter { $0.process != own?.process && Self.holds($0.holding) }
        merged["holders"] = .int(others.count)
        merged["held-by"] = .array(
            others.prefix(Self.namedHolders).map { holder in
                .object(JSONObject([("process", .string(holder.process))] + Self.counts(holder.holding).map { ($0.key, $0.value) }))
            })
        var tasks: [String: Int] = [:], captures: [String] = [], borrowers = others.map(\.process)
        for (_, holding) in answers {
            // Of those that say nothing themselves the owner knows that they borrow.
            for name in holding["borrowed-by"]?.arrayValue?.compactMap(\.stringValue) ?? [] where name != owner && !borrowers.contains(name)
            {
                borrowers.append(name)
            }
            for (name, count) in holding["needed-by"]?.objectValue ?? [:] { tasks[name, default: 0] += count.intValue ?? 0 }
            captures += holding["captured-in"]?.arrayValue?.compactMap(\.stringValue) ?? []
        }
        merged["borrowed-by"] = .array(borrowers.prefix(Self.namedHolders).map { .string($0) })
        merged["needed-by"] = .object(JSONObject(tasks.sorted { $0.key < $1.key }.map { ($0.key, .int($0.value)) }))
        merged["captured-in"] = .array(captures.prefix(Self.namedHolders).map { .string($0) })
        for (key, value) in row where key != "object" { merged[key] = value }
        let raw = row["raw"]?.intValue ?? 0, stored = row["stored"]?.intValue ?? 0
        merged["ratio"] = stored > 0 ? .double((Double(raw) / Double(stored) * 100).rounded() / 100) : .null
        return merged
    }

    /// Processes, tasks and values that are named for one object; all are counted.
    private static let namedHolders = 8
    private static let kinds = ["local", "tasks", "captured", "borrowers", "under-way", "waiting"]

    private static func counts(_ holding: JSON) -> JSONObject { JSONObject(kinds.map { ($0, holding[$0] ?? 0) }) }
    private static func holds(_ holding: JSON) -> Bool { kinds.contains { holding[$0]?.intValue ?? 0 > 0 } }

    private func maker(of id: ObjectID, _ makers: [String: String]) -> String {
        let task = "\(id.task)"
        let name =
            makers[task] ?? actorTypes["\(id.task.actor)"].map { "a call of \($0)" } ?? "task \(task.prefix(Self.shortDigits))"
        return id.isPut ? "put in \(name)" : name
    }
    private static let shortDigits = 8

    private var totals: JSONObject {
        var sums = JSONObject()
        for node in nodes {
            for (key, value) in node.answer?["totals"]?.objectValue ?? [:] {
                sums[key] = .int((sums[key]?.intValue ?? 0) + (value.intValue ?? 0))
            }
        }
        return sums
    }

    private static func member(_ node: Node) -> JSONObject {
        var member: JSONObject = ["node": .string(node.node), "answers": .bool(node.answer != nil)]
        if let answer = node.answer {
            member["total"] = answer["total"]
            member["totals"] = answer["totals"]
        }
        return member
    }

    private static func member(_ process: Process) -> JSONObject {
        let pid = process.answer?["pid"]?.intValue ?? process.pid
        var member: JSONObject = [
            "process": .string(process.process), "role": .string(process.role.rawValue), "name": .string(process.name),
            "pid": pid.map { .int($0) } ?? .null, "node": .string(process.node), "answers": .bool(process.answer != nil),
        ]
        for key in ["small-objects", "small-bytes", "large-objects", "large-bytes", "pending", "failed", "borrowed"] {
            member[key] = process.answer?[key]
        }
        return member
    }

    private func list(_ name: String) -> JSON { .array(nodes.flatMap { $0.answer?[name]?.arrayValue ?? [] }) }
}
