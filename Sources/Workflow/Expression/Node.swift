/// The syntax tree. Never higher than ``ExpressionLimits/depth``, so that walks over it may recurse.
indirect enum Node: Sendable {
    case literal(Value)
    case context(name: String, position: Int)
    case property(of: Node, index: Node)
    case all(of: Node)
    case not(Node)
    case compare(Comparison, Node, Node)
    /// Two or more operands.
    case and([Node])
    /// Two or more operands.
    case or([Node])
    case call(ExpressionFunction, [Node], position: Int)
}

extension Node {
    /// The node, then its children from left to right.
    func walk(_ visit: (Node) -> Void) {
        visit(self)
        for child in children { child.walk(visit) }
    }

    var children: [Node] {
        switch self {
        case .literal, .context: []
        case .property(let base, let index): [base, index]
        case .all(let base), .not(let base): [base]
        case .compare(_, let left, let right): [left, right]
        case .and(let operands), .or(let operands), .call(_, let operands, _): operands
        }
    }

    /// The mentions of contexts, from left to right.
    var references: [ContextReference] {
        var found: [ContextReference] = []
        collect(into: &found)
        return found
    }

    private func collect(into found: inout [ContextReference]) {
        if let reference = constantPath { return found.append(reference) }
        for child in children { child.collect(into: &found) }
    }

    private var constantPath: ContextReference? {
        switch self {
        case .context(let name, let position): return ContextReference(context: name, path: [], offset: position - 1)
        case .property(let base, .literal(.string(let key))):
            guard var reference = base.constantPath else { return nil }
            reference.path.append(key)
            return reference
        default: return nil
        }
    }
}
