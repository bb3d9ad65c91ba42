extension GraphRendering {
    /// A Graphviz digraph: an edge from each step to those that wait for it, dashed when it stands for order alone.
    ///
    /// - Parameter states: the state of steps by their ids; nil draws the plan without states.
    package static func dot(of file: WorkflowFile, states: [String: String]? = nil) -> String {
        var lines = [
            "digraph \(quoted(file.name)) {", "    rankdir=TB;", "    node [fontname=\"sans-serif\", style=filled, fillcolor=\"white\"];",
        ]
        let nodes = nodes(of: file, states)
        for node in nodes {
            var attributes = ["shape=\(shape(of: node.step.kind))", "label=\(quoted(node.labelLines.joined(separator: "\n")))"]
            if node.step.isFanOut { attributes.append("peripheries=2") }
            if let state = node.state {
                let (fill, border) = colours(of: state)
                attributes += ["fillcolor=\"\(fill)\"", "color=\"\(border)\""]
            }
            lines.append("    \(quoted(node.step.id)) [\(attributes.joined(separator: ", "))];")
        }
        for arrow in arrows(of: file) {
            let style = arrow.isOrderOnly ? " [style=dashed]" : ""
            lines.append("    \(quoted(nodes[arrow.from].step.id)) -> \(quoted(nodes[arrow.to].step.id))\(style);")
        }
        return (lines + ["}"]).joined(separator: "\n") + "\n"
    }

    private static func shape(of kind: StepKind) -> String {
        switch kind {
        case .run: "box"
        case .command: "parallelogram"
        case .call: "oval"
        case .actor: "cylinder"
        case .value: "hexagon"
        }
    }

    private static func quoted(_ text: String) -> String {
        let body = text.unicodeScalars.map { scalar in
            switch scalar {
            case "\"": "\\\""
            case "\\": "\\\\"
            case "\n": "\\n"
            case "\r": ""
            default: String(scalar)
            }
        }.joined()
        return "\"\(body)\""
    }
}
