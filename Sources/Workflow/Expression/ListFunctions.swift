/// Functions over lists and maps. Those that only move elements leave references as they are.
enum ListFunctions {
    /// `range(end)`, `range(start, end)`, `range(start, end, step)`: from start on, before end.
    static func range(_ call: CallArguments) throws(CallFault) -> Value {
        let start = call.count == 1 ? 0 : try call.whole(0)
        let end = try call.whole(call.count == 1 ? 0 : 1)
        let step = call.count == 3 ? try call.whole(2) : 1
        guard step != 0 else { throw .wrong("range: a step of 0") }
        let distance = step > 0 ? end - start : start - end
        guard distance > 0 else { return .list([]) }
        try call.checked(count: 1 + (distance - 1) / Int(step.magnitude))
        return .list(stride(from: start, to: end, by: step).map { .number(Double($0)) })
    }

    /// Elements of a list, members of a map, characters of a text.
    static func len(_ call: CallArguments) throws(CallFault) -> Value {
        let value = try call.contents()[0]
        switch value {
        case .array(let elements): return .number(Double(elements.count))
        case .object(let members): return .number(Double(members.count))
        case .string(let text), .file(let text): return .number(Double(text.count))
        default: throw call.wrong("a list, map or text", value)
        }
    }

    /// The i-th element of each inner list. An inner list that is null (its step was skipped) gives null.
    static func column(_ call: CallArguments) throws(CallFault) -> Value {
        let outer = try call.list(0)
        let index = try call.whole(1)
        let present = outer.filter { $0 != .null }
        var lists = try call.lists(of: present)[...]
        var found: [Value] = []
        for (row, value) in outer.enumerated() {
            if value == .null {
                found.append(.null)
                continue
            }
            let list = lists.removeFirst()
            guard list.indices.contains(index) else {
                throw .wrong("column: no element \(index) in list \(row), which has \(list.count) elements")
            }
            found.append(list[index])
        }
        return .list(found)
    }

    static func keys(_ call: CallArguments) throws(CallFault) -> Value { .list(try call.object(0).keys.map(Value.string)) }
    static func values(_ call: CallArguments) throws(CallFault) -> Value { .list(try call.object(0).values) }

    /// One level; elements that are no lists stay, those that are references are needed to know.
    static func flatten(_ call: CallArguments) throws(CallFault) -> Value {
        let inner = CallArguments(name: call.name, values: try call.list(0), evaluator: call.evaluator)
        var flat: [Value] = []
        for (element, content) in Swift.zip(inner.values, try inner.contents()) {
            if case .array(let elements) = content { flat += elements.elements } else { flat.append(element) }
            try call.checked(count: flat.count)
        }
        return .list(flat)
    }

    /// The first elements together, then the second ones, and so on. Lists of different lengths are refused.
    static func zip(_ call: CallArguments) throws(CallFault) -> Value {
        var lists: [[Value]] = []
        for content in try call.contents() { lists.append(try call.list(content)) }
        let counts = lists.map(\.count)
        guard let count = counts.first, counts.allSatisfy({ $0 == count }) else {
            throw .wrong("zip: lists of the same length wanted, got \(counts.map(String.init).joined(separator: ", ")) elements")
        }
        return .list((0..<count).map { row in .list(lists.map { $0[row] }) })
    }

    /// Lists of `size` elements; the last may have fewer.
    static func chunk(_ call: CallArguments) throws(CallFault) -> Value {
        let list = try call.list(0)
        let size = try call.whole(1)
        guard size > 0 else { throw .wrong("chunk: a size of at least 1 wanted, got \(size)") }
        return .list(stride(from: 0, to: list.count, by: size).map { .list(Array(list[$0..<Swift.min(list.count, $0 + size)])) })
    }

    /// Numbers by value or texts by their UTF-8 bytes, not both in one list. Equal elements keep their order.
    static func sort(_ call: CallArguments) throws(CallFault) -> Value {
        let list = try call.deepList(0)
        let numbers = list.compactMap { if case .number(let number) = $0 { number } else { nil } }
        if numbers.count == list.count { return .list(numbers.sorted { $0 < $1 || ($1.isNaN && !$0.isNaN) }.map(Value.number)) }
        for element in list {
            switch element {
            case .string, .file: break
            default: throw .wrong("sort: a list of numbers or a list of texts wanted, got \(element.kindName) in it")
            }
        }
        return .list(list.sorted { $0.coercedText.utf8.lexicographicallyPrecedes($1.coercedText.utf8) })
    }

    /// The first of each: equal in content and, unlike `==`, in case.
    static func unique(_ call: CallArguments) throws(CallFault) -> Value {
        var seen: Set<Value> = []
        return .list(try call.deepList(0).filter { seen.insert($0).inserted })
    }
}
