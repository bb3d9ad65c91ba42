extension GraphRendering {
    /// A Mermaid flow chart: an arrow from each step to those that wait for it, dotted when it stands for order alone.
    ///
    /// - Parameter states: the state of steps by their ids; nil draws the plan without states.
    package static func mermaid(of file: WorkflowFile, states: [String: String]? = nil) -> String {
        var lines = ["flowchart TD"]
        let nodes = nodes(of: file, states)
        for (index, node) in nodes.enumerated() {
            let (open, close) = brackets(of: node.step.kind)
            // Ids of our own, because words like `end` break a chart.
            lines.append("    s\(index)\(open)\"\(node.labelLines.map(escaped).joined(separator: "<br/>"))\"\(close)")
        }
        for arrow in arrows(of: file) { lines.append("    s\(arrow.from) \(arrow.isOrderOnly ? "-.->" : "-->") s\(arrow.to)") }
        for state in Set(nodes.compactMap(\.state)).sorted() {
            let (fill, border) = colours(of: state)
            let members = nodes.indices.filter { nodes[$0].state == state }.map { "s\($0)" }.joined(separator: ",")
            lines.append("    classDef \(className(state)) fill:\(fill),stroke:\(border)")
            lines.append("    class \(members) \(className(state))")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func brackets(of kind: StepKind) -> (String, String) {
        switch kind {
        case .run: ("[", "]")
        case .command: ("[/", "/]")
        case .call: ("([", "])")
        case .actor: ("[(", ")]")
        case .value: ("{{", "}}")
        }
    }

    private static func escaped(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            switch scalar {
            case "\"", "#", "<", ">", "&", "`", ";", "\\": "#\(scalar.value);"
            case "\n", "\r": " "
            default: String(scalar)
            }
        }.joined()
    }

    /// With a prefix, because `default` and others are Mermaid's own.
    private static func className(_ state: String) -> String {
        "state_" + state.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? String($0) : "_" }.joined()
    }
}
