/// Arithmetic on doubles. Texts that are numbers count as numbers, because steps print text; null and blanks do not.
enum NumberFunctions {
    /// Of a list or of the arguments; null when there is nothing.
    static func min(_ call: CallArguments) throws(CallFault) -> Value { try operands(call).min().map(Value.number) ?? .null }
    static func max(_ call: CallArguments) throws(CallFault) -> Value { try operands(call).max().map(Value.number) ?? .null }

    static func sum(_ call: CallArguments) throws(CallFault) -> Value {
        try finite(call, numbers(call, call.deepList(0)).reduce(0, +))
    }

    static func add(_ call: CallArguments) throws(CallFault) -> Value { try finite(call, numbers(call, call.contents()).reduce(0, +)) }
    static func mul(_ call: CallArguments) throws(CallFault) -> Value { try finite(call, numbers(call, call.contents()).reduce(1, *)) }

    static func sub(_ call: CallArguments) throws(CallFault) -> Value {
        let operands = try numbers(call, call.contents())
        return try finite(call, operands[0] - operands[1])
    }

    /// Not rounded.
    static func div(_ call: CallArguments) throws(CallFault) -> Value {
        let operands = try divisible(call)
        return try finite(call, operands[0] / operands[1])
    }

    /// The remainder has the divisor's sign, so that `mod(-1, 4)` is 3.
    static func mod(_ call: CallArguments) throws(CallFault) -> Value {
        let operands = try divisible(call)
        let remainder = operands[0].truncatingRemainder(dividingBy: operands[1])
        return try finite(call, remainder != 0 && (remainder < 0) != (operands[1] < 0) ? remainder + operands[1] : remainder)
    }

    private static func divisible(_ call: CallArguments) throws(CallFault) -> [Double] {
        let operands = try numbers(call, call.contents())
        guard operands[1] != 0 else { throw .wrong("\(call.name): division by zero") }
        return operands
    }

    private static func operands(_ call: CallArguments) throws(CallFault) -> [Double] {
        let values = try call.deepContents()
        if values.count == 1, case .array(let elements) = values[0] { return try numbers(call, elements.elements) }
        return try numbers(call, values)
    }

    private static func numbers(_ call: CallArguments, _ values: [Value]) throws(CallFault) -> [Double] {
        var numbers: [Double] = []
        numbers.reserveCapacity(values.count)
        for value in values { numbers.append(try call.number(value)) }
        return numbers
    }

    private static func finite(_ call: CallArguments, _ result: Double) throws(CallFault) -> Value {
        guard result.isFinite else { throw .wrong("\(call.name): the result is not a finite number") }
        return .number(result)
    }
}
