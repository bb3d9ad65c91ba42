/// Walks the tree. Pure: all that is not in the expression comes from the context.
struct Evaluator {
    let context: any EvaluationContext
    let source: String

    init(context: any EvaluationContext, source: String) {
        self.context = context
        self.source = source
    }

    func evaluate(_ node: Node) throws(EvaluationFault) -> Value {
        switch node {
        case .literal(let value): return value
        case .context(let name, let position):
            guard let value = context.value(of: name) else { throw failed("Unrecognized named-value: '\(name)'", at: position) }
            return value
        case .property(let base, let index):
            let base = try content(of: evaluate(base))
            return try PropertyAccess(content(of: evaluate(index))).apply(to: base, content: content)
        case .all(let base): return try PropertyAccess.all.apply(to: content(of: evaluate(base)), content: content)
        case .not(let operand): return .bool(!(try content(of: evaluate(operand)).isTruthy))
        case .compare(let comparison, let left, let right): return .bool(try compare(comparison, evaluate(left), evaluate(right)))
        case .and(let operands): return try decide(operands) { !$0 }
        case .or(let operands): return try decide(operands) { $0 }
        case .call(let function, let arguments, let position): return try call(function, arguments, at: position)
        }
    }

    /// The first operand whose truth decides, else the last one, whose content does not matter.
    private func decide(_ operands: [Node], _ decides: (Bool) -> Bool) throws(EvaluationFault) -> Value {
        for operand in operands.dropLast() {
            let value = try evaluate(operand)
            if decides(try content(of: value).isTruthy) { return value }
        }
        return try operands.last.map { (operand) throws(EvaluationFault) in try evaluate(operand) } ?? .null
    }

    private func compare(_ comparison: Comparison, _ left: Value, _ right: Value) throws(EvaluationFault) -> Bool {
        let operands = try contents(of: [left, right])
        let (a, b) = (operands[0], operands[1])
        return switch comparison {
        case .equal: a.looselyEquals(b)
        case .notEqual: !a.looselyEquals(b)
        case .less: a.looselyPrecedes(b)
        case .lessOrEqual: a.looselyPrecedes(b) || a.looselyEquals(b)
        case .greater: b.looselyPrecedes(a)
        case .greaterOrEqual: b.looselyPrecedes(a) || a.looselyEquals(b)
        }
    }

    private func call(_ function: ExpressionFunction, _ arguments: [Node], at position: Int) throws(EvaluationFault) -> Value {
        do throws(CallFault) {
            switch function.body {
            case .choice: return try choose(arguments)
            case .coalesce: return try coalesce(arguments)
            case .pure(let body): return try body(CallArguments(name: function.name, values: evaluateAll(arguments), evaluator: self))
            case .outside:
                let call = CallArguments(name: function.name, values: try evaluateAll(arguments), evaluator: self)
                return try outside(function.name, call.deepContents())
            }
        } catch {
            switch error {
            case .wrong(let reason): throw failed(reason, at: position)
            case .inner(let fault): throw fault
            }
        }
    }

    private func evaluateAll(_ nodes: [Node]) throws(CallFault) -> [Value] {
        var values: [Value] = []
        for node in nodes { values.append(try inner(node)) }
        return values
    }

    private func inner(_ node: Node) throws(CallFault) -> Value {
        do { return try evaluate(node) } catch { throw .inner(error) }
    }

    private func outside(_ name: String, _ arguments: [Value]) throws(CallFault) -> Value {
        do {
            return try context.call(function: name, arguments: arguments)
        } catch let fault as EvaluationFault {
            throw .inner(fault)
        } catch {
            throw .wrong("\(name): \(error)")
        }
    }

    /// `case(condition, value, …, otherwise)`: evaluates no more than it has to.
    private func choose(_ arguments: [Node]) throws(CallFault) -> Value {
        for index in stride(from: 0, to: arguments.count - 1, by: 2) {
            let predicate: Value
            do { predicate = try content(of: evaluate(arguments[index])) } catch { throw .inner(error) }
            guard case .bool(let holds) = predicate else { throw .wrong("case predicate must evaluate to a boolean value") }
            if holds { return try inner(arguments[index + 1]) }
        }
        return try inner(arguments[arguments.count - 1])
    }

    /// `default(a, b, …)`: the first that is not null. A reference counts by its content, which the context may know without loading it.
    private func coalesce(_ arguments: [Node]) throws(CallFault) -> Value {
        for argument in arguments.dropLast() {
            let value = try inner(argument)
            if try !isNull(value) { return value }
        }
        return try inner(arguments[arguments.count - 1])
    }

    private func isNull(_ value: Value) throws(CallFault) -> Bool {
        switch value {
        case .null: return true
        case .ref(let ref):
            if let known = context.isNull(ref) { return known }
            do { return try content(of: value) == .null } catch { throw .inner(error) }
        default: return false
        }
    }

    func failed(_ reason: String, at position: Int) -> EvaluationFault {
        .failed(ExpressionError(.evaluation, reason, at: position, in: source))
    }
}
