package import RayflowCore

/// A node of a YAML document with its place. Aliases and merges are expanded: what they bring in keeps the place where it was written.
package struct YAMLNode: Sendable {
    package enum Content: Sendable {
        case scalar(YAMLScalar)
        case list([YAMLNode])
        /// Keys are unique and in the order of the file.
        case map([YAMLEntry])
    }

    package var content: Content
    /// The node's first character behind its anchor: a key's first letter for a block map, the dash for a block list.
    package var position: SourcePosition
    /// This node and all below it.
    let nodeCount: Int
    /// This node and the longest way down.
    let depth: Int

    init(_ content: Content, at position: SourcePosition) {
        self.content = content
        self.position = position
        switch content {
        case .scalar: (nodeCount, depth) = (1, 1)
        case .list(let elements):
            nodeCount = elements.reduce(1) { $0 + $1.nodeCount }
            depth = 1 + (elements.map(\.depth).max() ?? 0)
        case .map(let entries):
            nodeCount = entries.reduce(1) { $0 + 1 + $1.value.nodeCount }
            depth = 1 + (entries.map(\.value.depth).max() ?? 0)
        }
    }
}

/// A member of a map.
package struct YAMLEntry: Sendable {
    package var key: YAMLScalar
    package var value: YAMLNode

    package var name: String { key.text }
}

extension YAMLNode {
    package var scalar: YAMLScalar? { if case .scalar(let scalar) = content { scalar } else { nil } }
    package var list: [YAMLNode]? { if case .list(let elements) = content { elements } else { nil } }
    package var map: [YAMLEntry]? { if case .map(let entries) = content { entries } else { nil } }

    package var isNull: Bool { scalar?.value.isNull ?? false }

    package subscript(key: String) -> YAMLNode? { map?.first { $0.name == key }?.value }

    /// The value by the core schema; keys are texts as written.
    package var json: JSON {
        switch content {
        case .scalar(let scalar): scalar.value
        case .list(let elements): .array(elements.map(\.json))
        case .map(let entries): .object(JSONObject(entries.map { ($0.name, $0.value.json) }))
        }
    }

    /// What the node is, with its article, as diagnostics say it.
    package var kindPhrase: String {
        switch content {
        case .scalar(let scalar):
            switch scalar.value {
            case .null: "empty"
            case .int: "an int"
            default: "a \(scalar.value.kindName)"
            }
        case .list(let elements): elements.isEmpty ? "an empty list" : "a list"
        case .map(let entries): entries.isEmpty ? "an empty map" : "a map"
        }
    }
}
