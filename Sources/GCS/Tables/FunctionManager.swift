import RayflowCore

/// The table of functions: which code there is, by name.
package struct FunctionManager: Sendable {
    private(set) var rows = Tracked<String, FunctionRow>()

    package var count: Int { rows.count }

    mutating func add(_ added: [KeyedRow]) -> GCSResult {
        var decoded: [FunctionRow] = []
        for row in added {
            guard let bytes = row.row, let function = try? FunctionRow(decoding: bytes), function.key == row.key else {
                return .failed(ErrorRecord(.invalidArgument, "a function that cannot be read"))
            }
            decoded.append(function)
        }
        let new = Set(decoded.map(\.name)).count { rows[$0] == nil }
        guard rows.count + new <= Limits.functions else {
            return .failed(ErrorRecord(.tooManyPending, "more than \(Limits.functions) functions"))
        }
        for function in decoded where rows[function.name] != function { rows[function.name] = function }
        return .done(true)
    }

    mutating func takeChanges() -> [StoreChange] {
        rows.takeTouched().map { StoreChange(table: .function, key: Array($0.utf8), value: rows[$0]?.encoded) }
    }

    mutating func restore(_ stored: [[UInt8]: [UInt8]]) throws(DecodingFault) {
        for row in stored.values {
            let function = try FunctionRow(decoding: row)
            rows[function.name] = function
        }
        _ = rows.takeTouched()
    }
}
