/// Why a call gave no value.
enum CallFault: Error {
    /// The function cannot work with these arguments.
    case wrong(String)
    /// An argument could not be evaluated, or an object's content is needed.
    case inner(EvaluationFault)
}

/// The evaluated arguments of one call, and the conversions that functions ask of them.
struct CallArguments {
    let name: String
    let values: [Value]
    let evaluator: Evaluator

    init(name: String, values: [Value], evaluator: Evaluator) {
        self.name = name
        self.values = values
        self.evaluator = evaluator
    }

    var count: Int { values.count }

    func contents() throws(CallFault) -> [Value] {
        do { return try evaluator.contents(of: values) } catch { throw .inner(error) }
    }

    func deepContents() throws(CallFault) -> [Value] {
        do { return try evaluator.deepContents(of: values) } catch { throw .inner(error) }
    }

    /// A list whose elements may still be references.
    func list(_ index: Int) throws(CallFault) -> [Value] { try list(contents()[index]) }

    func list(_ value: Value, called what: String = "list") throws(CallFault) -> [Value] {
        guard case .array(let elements) = value else { throw wrong("a \(what)", value) }
        return elements.elements
    }

    /// A list without references in it.
    func deepList(_ index: Int) throws(CallFault) -> [Value] { try list(deepContents()[index]) }

    func lists(of values: [Value]) throws(CallFault) -> [[Value]] {
        let contents: [Value]
        do { contents = try evaluator.contents(of: values) } catch { throw .inner(error) }
        var lists: [[Value]] = []
        for content in contents { lists.append(try list(content, called: "list of lists")) }
        return lists
    }

    func object(_ index: Int) throws(CallFault) -> ValueObject {
        let value = try contents()[index]
        guard case .object(let members) = value else { throw wrong("a map", value) }
        return members
    }

    /// Null is empty; a list or map is refused.
    func text(_ index: Int) throws(CallFault) -> String {
        let value = try contents()[index]
        guard value.isPrimitive else { throw wrong("text", value) }
        return value.coercedText
    }

    func number(_ index: Int) throws(CallFault) -> Double { try number(contents()[index]) }

    /// Takes text that is a number, and true as 1; refuses null and blank text, which are mostly a missing value.
    func number(_ value: Value) throws(CallFault) -> Double {
        switch value {
        case .number(let number): return number
        case .bool(let bool): return bool ? 1 : 0
        case .string(let text) where !text.allSatisfy(\.isWhitespace):
            let number = NumberForm.number(text)
            guard !number.isNaN else { throw .wrong("\(name): numbers wanted, got '\(text)'") }
            return number
        case .null: throw .wrong("\(name): numbers wanted, got null; say what to take instead with default(value, 0)")
        default: throw wrong("numbers", value)
        }
    }

    func whole(_ index: Int) throws(CallFault) -> Int {
        let number = try number(index)
        guard number.magnitude <= 0x1p53, let whole = Int(exactly: number) else {
            throw .wrong("\(name): a whole number wanted, got \(NumberForm.text(number))")
        }
        return whole
    }

    func wrong(_ wanted: String, _ value: Value) -> CallFault { .wrong("\(name): \(wanted) wanted, got \(value.kindName)") }

    func checked(count: Int) throws(CallFault) {
        guard count <= ExpressionLimits.elements else {
            throw .wrong("\(name): \(count) elements are more than the limit of \(ExpressionLimits.elements)")
        }
    }
}
