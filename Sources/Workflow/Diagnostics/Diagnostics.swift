/// All that is wrong with a workflow file, or with the inputs given to it, thrown as one error.
///
/// Beyond ``DiagnosticLimits/shown`` faults it only counts: a file of the wrong kind would otherwise drown its reader.
package struct Diagnostics: Error, Sendable {
    package private(set) var items: [Diagnostic] = []
    /// Faults beyond the cap.
    package private(set) var omitted = 0

    package init(_ items: [Diagnostic] = []) {
        for item in items { add(item) }
    }

    package var hasErrors: Bool { omitted > 0 || items.contains { $0.severity == .error } }
    package var isEmpty: Bool { items.isEmpty }

    package mutating func add(_ item: Diagnostic) {
        guard !items.contains(item) else { return }
        if items.count < DiagnosticLimits.shown { items.append(item) } else { omitted += 1 }
    }

    package mutating func add(_ others: Diagnostics) {
        for item in others.items { add(item) }
        omitted += others.omitted
    }

    /// In the order of the file; what has no place comes first.
    package var sorted: [Diagnostic] {
        items.enumerated().sorted { a, b in
            (a.element.position?.offset ?? -1, a.offset) < (b.element.position?.offset ?? -1, b.offset)
        }.map(\.element)
    }

    package func throwIfErrors() throws(Diagnostics) {
        if hasErrors { throw self }
    }
}

extension Diagnostics: CustomStringConvertible {
    /// Each fault rendered, one after the other.
    package var rendered: String {
        let lines = sorted.map(\.rendered)
        guard omitted > 0 else { return lines.joined(separator: "\n") }
        return (lines + ["\(items[0].file): \(omitted) more not shown"]).joined(separator: "\n")
    }

    package var description: String { rendered }
}
