/// What the string of a declaration says: `name`, `name(a:b:)` or `name(a:b:) -> (x, y)`.
package struct Signature: Sendable, Hashable {
    package let name: String
    /// nil: none are given, so the function cannot be called by name.
    package let labels: [String]?
    package let results: [String]
    /// What is wrong with the text itself.
    package let fault: String?

    package init(_ text: String) {
        var faults: [String] = []
        let (head, tail) = Self.split(text)
        if let tail {
            results = Self.names(tail, separator: ",")
            if results.isEmpty || !results.allSatisfy(Self.isName) { faults.append("result names are written -> (x, y)") }
        } else {
            results = []
        }
        if let open = head.firstIndex(of: "(") {
            name = String(head[..<open])
            let inside = head[head.index(after: open)...]
            let labels = Self.names(inside.dropLast(), separator: ":")
            let closes = inside.last == ")" && (labels.isEmpty || inside.dropLast().last == ":")
            if !closes || !labels.allSatisfy(Self.isName) { faults.append("labels are written (x:y:)") }
            self.labels = labels
        } else {
            name = head
            labels = nil
        }
        if name.isEmpty || name.contains(where: { $0.isWhitespace || $0 == ")" || $0 == ":" }) { faults.append("a name is wanted") }
        for names in [labels ?? [], results] where Set(names).count != names.count { faults.append("a name stands twice") }
        fault = faults.isEmpty ? nil : "\"\(text)\": \(faults.joined(separator: ", "))"
    }

    private static func split(_ text: String) -> (head: String, tail: Substring?) {
        guard let arrow = text.lastIndex(of: ">"), arrow > text.startIndex, text[text.index(before: arrow)] == "-" else {
            return (text, nil)
        }
        var head = text[..<text.index(before: arrow)]
        while head.last == " " { head.removeLast() }
        return (String(head), text[text.index(after: arrow)...])
    }

    private static func names(_ text: Substring, separator: Character) -> [String] {
        text.filter { $0 != " " && $0 != "(" && $0 != ")" }.split(separator: separator).map(String.init)
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.first, first.isLetter || first == "_" else { return false }
        return text.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
    }

    /// As the errors write it: `divmod(n:by:)`.
    package var display: String { labels.map { "\(name)(\($0.map { $0 + ":" }.joined()))" } ?? name }

    /// Every fault of a declaration with this signature.
    package func problems(arity: Int, resultArity: Int) -> [String] {
        var problems = fault.map { [$0] } ?? []
        if resultArity < 0 { problems.append("\(name): the result is no RemoteValue") }
        if fault == nil, let labels, labels.count != arity { problems.append("\(name): \(labels.count) labels for \(arity) parameters") }
        if fault == nil, resultArity >= 0, !results.isEmpty, results.count != resultArity {
            problems.append("\(name): \(results.count) result names for \(resultArity) results")
        }
        return problems
    }
}
