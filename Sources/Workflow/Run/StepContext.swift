/// What the expressions of one step, or of one item, see.
///
/// Lives for one evaluation: answers of the world outside are collected in ``memo`` and carried over to the next.
final class StepContext: EvaluationContext {
    struct Statuses: Sendable {
        var isSuccess = true
        var isFailure = false
        var isCancelled = false
    }

    private var contexts: [String: Value]
    private let statuses: Statuses
    private let facts: any OutsideFacts
    private let contents: [ValueRef: Value]
    private(set) var memo: OutsideMemo

    init(
        _ contexts: [String: Value], statuses: Statuses, facts: any OutsideFacts, contents: [ValueRef: Value], memo: OutsideMemo
    ) {
        self.contexts = contexts
        self.statuses = statuses
        self.facts = facts
        self.contents = contents
        self.memo = memo
    }

    func set(_ context: String, _ value: Value) { contexts[context] = value }

    func value(of context: String) -> Value? { contexts[context] }

    func content(of ref: ValueRef) -> Value? { contents[ref] }

    func isNull(_ ref: ValueRef) -> Bool? { contents[ref].map { $0 == .null } }

    func call(function: String, arguments: [Value]) throws -> Value {
        switch function {
        case "success": return .bool(statuses.isSuccess)
        case "failure": return .bool(statuses.isFailure)
        case "cancelled": return .bool(statuses.isCancelled)
        case "always": return true
        default: break
        }
        let call = OutsideMemo.call(function, arguments)
        if let known = memo.answers[call] { return known }
        let value = try facts.call(function, arguments)
        memo.add(call, value)
        return value
    }
}
