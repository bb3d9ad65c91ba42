/// A function of the language: its name, how many parameters it takes, and what computes it.
package struct ExpressionFunction: Sendable {
    enum Body: Sendable {
        case pure(@Sendable (CallArguments) throws(CallFault) -> Value)
        /// The context answers.
        case outside
        case choice
        case coalesce
    }

    package let name: String
    package let parameters: ClosedRange<Int>
    let body: Body

    /// Whether the context answers it: its value depends on files, the environment or the state of the run.
    package var isOutside: Bool { if case .outside = body { true } else { false } }

    var wantsOddCount: Bool { if case .choice = body { true } else { false } }

    /// By lower-case name.
    package static let all: [String: ExpressionFunction] = Dictionary(
        uniqueKeysWithValues: (outsideFunctions + generalFunctions + listFunctions + numberFunctions + textFunctions)
            .map { ($0.name.lowercased(), $0) })

    private static let many = ExpressionLimits.parameters

    private static func pure(
        _ name: String, _ parameters: ClosedRange<Int>, _ body: @escaping @Sendable (CallArguments) throws(CallFault) -> Value
    ) -> ExpressionFunction {
        ExpressionFunction(name: name, parameters: parameters, body: .pure(body))
    }

    private static func outside(_ name: String, _ parameters: ClosedRange<Int>) -> ExpressionFunction {
        ExpressionFunction(name: name, parameters: parameters, body: .outside)
    }

    private static let outsideFunctions = [
        outside("success", 0...0), outside("failure", 0...0), outside("cancelled", 0...0), outside("always", 0...0),
        outside("glob", 1...many), outside("file", 1...1), outside("dir", 1...1), outside("env", 1...2), outside("hashFiles", 1...many),
    ]

    private static let generalFunctions = [
        ExpressionFunction(name: "case", parameters: 3...many, body: .choice),
        ExpressionFunction(name: "default", parameters: 2...many, body: .coalesce),
        pure("contains", 2...2, GeneralFunctions.contains),
        pure("startsWith", 2...2, GeneralFunctions.startsWith),
        pure("endsWith", 2...2, GeneralFunctions.endsWith),
        pure("format", 1...many, GeneralFunctions.format),
        pure("join", 1...2, GeneralFunctions.join),
        pure("toJSON", 1...1, GeneralFunctions.toJSON),
        pure("fromJSON", 1...1, GeneralFunctions.fromJSON),
    ]

    private static let listFunctions = [
        pure("range", 1...3, ListFunctions.range), pure("len", 1...1, ListFunctions.len),
        pure("column", 2...2, ListFunctions.column), pure("keys", 1...1, ListFunctions.keys),
        pure("values", 1...1, ListFunctions.values), pure("flatten", 1...1, ListFunctions.flatten),
        pure("zip", 1...many, ListFunctions.zip), pure("chunk", 2...2, ListFunctions.chunk),
        pure("sort", 1...1, ListFunctions.sort), pure("unique", 1...1, ListFunctions.unique),
    ]

    private static let numberFunctions = [
        pure("min", 1...many, NumberFunctions.min), pure("max", 1...many, NumberFunctions.max),
        pure("sum", 1...1, NumberFunctions.sum), pure("add", 2...many, NumberFunctions.add),
        pure("sub", 2...2, NumberFunctions.sub), pure("mul", 2...many, NumberFunctions.mul),
        pure("div", 2...2, NumberFunctions.div), pure("mod", 2...2, NumberFunctions.mod),
    ]

    private static let textFunctions = [
        pure("basename", 1...1, TextFunctions.basename), pure("stem", 1...1, TextFunctions.stem),
        pure("dirname", 1...1, TextFunctions.dirname), pure("ext", 1...1, TextFunctions.ext),
        pure("lower", 1...1, TextFunctions.lower), pure("upper", 1...1, TextFunctions.upper),
        pure("trim", 1...1, TextFunctions.trim), pure("split", 1...2, TextFunctions.split),
        pure("replace", 3...3, TextFunctions.replace),
    ]
}
