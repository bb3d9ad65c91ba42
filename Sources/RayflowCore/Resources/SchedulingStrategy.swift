/// Where a task or an actor may run. A part of the scheduling key: tasks of one key share leases.
public enum SchedulingStrategy: Hashable, Sendable {
    /// Nodes are filled one after the other up to half, then shared out.
    case hybrid
    /// One feasible node after the other, best effort.
    case spread
    /// That node. When it is dead or can never serve the request, a soft one goes elsewhere; when it is busy, both wait.
    case node(NodeID, soft: Bool)
    /// Nodes whose labels satisfy every rule.
    case labels([String: LabelRule])
    /// Resources reserved by a placement group. `index` nil: whichever bundle has room. `capturesChildren`: what the task submits goes
    /// there, too, unless it says otherwise.
    case bundle(of: PlacementGroupID, index: UInt32?, capturesChildren: Bool)

    public var group: PlacementGroupID? { if case .bundle(let group, _, _) = self { group } else { nil } }
}

/// What a label of a node has to be: `v`, `!v`, `in(a,b)` or `!in(a,b)`.
public struct LabelRule: Hashable, Sendable {
    public var values: [String]
    public var isNegated: Bool
    public init(values: [String], isNegated: Bool) {
        self.values = values
        self.isNegated = isNegated
    }

    /// Throws for an empty rule and for a list that is not closed.
    public init(parsing text: String) throws(RayflowError) {
        var rest = Substring(text)
        isNegated = rest.first == "!"
        if isNegated { rest = rest.dropFirst() }
        if rest.hasPrefix("in(") {
            guard rest.hasSuffix(")") else {
                throw RayflowError(.invalidArgument, "label rule \"\(text)\": a list is written in(a,b) or !in(a,b)")
            }
            values = rest.dropFirst(3).dropLast().split(separator: ",", omittingEmptySubsequences: false).map(Self.trimmed)
        } else {
            values = [Self.trimmed(rest)]
        }
        guard !values.contains("") else { throw RayflowError(.invalidArgument, "label rule \"\(text)\": a value is empty") }
    }

    private static func trimmed(_ text: Substring) -> String {
        String(String(text.drop { $0 == " " }.reversed()).drop { $0 == " " }.reversed())
    }

    /// A node without the label satisfies negated rules only.
    public func allows(_ value: String?) -> Bool { (value.map(values.contains) ?? false) != isNegated }
}

extension LabelRule: CustomStringConvertible {
    public var description: String {
        let list = values.count == 1 ? values[0] : "in(\(values.joined(separator: ",")))"
        return (isNegated ? "!" : "") + list
    }
}

extension SchedulingStrategy {
    /// Whether the node may be used as far as its labels say.
    public func allows(labels: [String: String]) -> Bool {
        guard case .labels(let rules) = self else { return true }
        return rules.allSatisfy { $0.value.allows(labels[$0.key]) }
    }
}

extension SchedulingStrategy: CustomStringConvertible {
    public var description: String {
        switch self {
        case .hybrid: "pack"
        case .spread: "spread"
        case .node(let node, let soft): "node \(node)" + (soft ? " if it is there" : "")
        case .labels(let rules): rules.map { "\($0.key): \($0.value)" }.sorted().joined(separator: ", ")
        case .bundle(let group, let index, _): "placement group \(group)" + (index.map { ", bundle \($0)" } ?? "")
        }
    }
}

extension ByteWriter {
    public mutating func strategy(_ value: SchedulingStrategy) {
        switch value {
        case .hybrid: u8(0)
        case .spread: u8(1)
        case .node(let node, let soft):
            u8(2)
            self.node(node)
            bool(soft)
        case .labels(let rules):
            u8(3)
            list(rules.sorted { $0.key < $1.key }) { writer, rule in
                writer.string(rule.key)
                writer.bool(rule.value.isNegated)
                writer.list(rule.value.values) { $0.string($1) }
            }
        case .bundle(let group, let index, let captures):
            u8(4)
            placementGroup(group)
            optional(index) { $0.u32($1) }
            bool(captures)
        }
    }

    public mutating func labels(_ value: [String: String]) {
        list(value.sorted { $0.key < $1.key }) { writer, label in
            writer.string(label.key)
            writer.string(label.value)
        }
    }
}

extension ByteReader {
    public mutating func strategy() throws(DecodingFault) -> SchedulingStrategy {
        switch try u8() {
        case 0: return .hybrid
        case 1: return .spread
        case 2: return .node(try node(), soft: try bool())
        case 3:
            var rules: [String: LabelRule] = [:]
            for _ in 0..<(try length(unit: 9)) {
                let name = try string()
                let isNegated = try bool()
                let values = try list(unit: 4) { (reader) throws(DecodingFault) in try reader.string() }
                rules[name] = LabelRule(values: values, isNegated: isNegated)
            }
            return .labels(rules)
        case 4:
            let group = try placementGroup()
            let index = try optional { (reader) throws(DecodingFault) in try reader.u32() }
            return .bundle(of: group, index: index, capturesChildren: try bool())
        default: throw DecodingFault("unknown scheduling strategy", at: offset - 1)
        }
    }

    public mutating func labels() throws(DecodingFault) -> [String: String] {
        var labels: [String: String] = [:]
        for _ in 0..<(try length(unit: 8)) {
            let name = try string()
            labels[name] = try string()
        }
        return labels
    }
}
