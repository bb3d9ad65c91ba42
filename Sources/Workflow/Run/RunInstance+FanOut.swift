/// From a step to its units.
extension RunInstance {
    mutating func expand(_ number: Int, _ context: StepContext, _ directives: inout [RunDirective]) throws(PlanFault) {
        let spec = steps[number].spec
        let first = units.count
        guard let forEach = spec.forEach else {
            units.append(RunUnit(step: number, position: spec.id, item: nil))
            steps[number].units = first..<first + 1
            return
        }
        let items = try items(forEach, context)
        var positions: [String: Int] = [:]
        var made: [RunUnit] = []
        made.reserveCapacity(items.count)
        for (index, (name, value)) in items.enumerated() {
            let key = try key(forEach, index, name, value, context)
            if let other = positions.updateValue(index, forKey: key) {
                let place = place(forEach.key?.position ?? spec.position)
                throw .wrong("\(place): items \(other) and \(index) of '\(spec.id)' have the same key '\(key)'")
            }
            made.append(
                RunUnit(
                    step: number, position: StepPosition.item(of: spec.id, key: key), item: .init(index: index, key: key, value: value)))
        }
        if let limit = forEach.maxParallel {
            let count = try int(limit, "max-parallel", context)
            guard count > 0 else { throw .wrong("max-parallel of '\(spec.id)' is \(count), but has to be at least 1") }
            steps[number].maxParallel = count
        }
        units += made
        steps[number].units = first..<units.count
        counts.total += made.count - 1
        directives.append(.event(.expanded(step: spec.id, items: made.count)))
    }

    /// The items with their names, when they come from a map.
    private func items(_ forEach: ForEachSpec, _ context: StepContext) throws(PlanFault) -> [(name: String?, value: Value)] {
        var value = try evaluate(forEach.items, context)
        if case .ref = value { value = try loaded(value) }
        switch value {
        case .array(let elements): return elements.map { (nil, $0) }
        case .object(let members): return members.map { ($0.key, ["key": .string($0.key), "value": $0.value]) }
        default: throw .wrong("\(place(forEach.items.position)): for-each needs a list or a map, found \(value.kindName)")
        }
    }

    private func key(
        _ forEach: ForEachSpec, _ index: Int, _ name: String?, _ value: Value, _ context: StepContext
    ) throws(PlanFault) -> String {
        guard let key = forEach.key else { return name ?? String(index) }
        context.set("item", value)
        context.set("item-index", .number(Double(index)))
        let value = try loaded(evaluate(key, context))
        guard value.isPrimitive, value != .null else {
            throw .wrong("\(place(key.position)): the key of item \(index) is \(value.kindName), but has to be a text or a number")
        }
        return value.coercedText
    }

    mutating func recordExpansion(_ number: Int, _ now: UInt64, _ directives: inout [RunDirective]) {
        var record = StepRecord(.running)
        record.items = steps[number].units.count
        record.outside = steps[number].outside.digests
        record.started = now
        directives.append(.record(position: steps[number].spec.id, record))
    }
}
