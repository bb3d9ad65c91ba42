/// The names that an expression may use. Case does not count.
package struct ExpressionNames: Hashable, Sendable {
    let contexts: [String: String]?
    let functions: [String: String]?

    /// - Parameters:
    ///   - contexts: nil permits every name; a context that is not there is then found out at evaluation.
    ///   - functions: nil permits every function of the language.
    package init(contexts: Set<String>?, functions: Set<String>? = nil) {
        self.contexts = contexts.map(Self.byLowerCase)
        self.functions = functions.map(Self.byLowerCase)
    }

    private init() {
        contexts = nil
        functions = nil
    }

    package static let any = ExpressionNames()

    private static func byLowerCase(_ names: Set<String>) -> [String: String] {
        Dictionary(names.sorted().map { ($0.lowercased(), $0) }, uniquingKeysWith: { first, _ in first })
    }

    func permits(context: String) -> Bool { contexts?[context.lowercased()] != nil || contexts == nil }

    func function(_ name: String) -> ExpressionFunction? {
        guard functions == nil || functions?[name.lowercased()] != nil else { return nil }
        return ExpressionFunction.all[name.lowercased()]
    }

    func nearestContext(to name: String) -> String? { Nearest.name(to: name, among: (contexts ?? [:]).values) }

    func nearestFunction(to name: String) -> String? {
        Nearest.name(to: name, among: ExpressionFunction.all.values.map(\.name).filter { function($0) != nil })
    }
}
