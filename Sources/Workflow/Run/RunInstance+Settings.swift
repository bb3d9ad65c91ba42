internal import RayflowCore

/// Settings that may be expressions, as values of their kind.
extension RunInstance {
    func duration(_ setting: Setting<Duration>, _ what: String, _ context: StepContext) throws(PlanFault) -> Duration {
        try resolve(setting, what, "a duration; \(DurationForm.hint)", context) { DurationForm.parse($0.coercedText) }
    }

    func bool(_ setting: Setting<Bool>, _ what: String, _ context: StepContext) throws(PlanFault) -> Bool {
        try resolve(setting, what, "true or false", context) { value in
            switch value {
            case .bool(let value): value
            case .string("true"): true
            case .string("false"): false
            default: nil
            }
        }
    }

    func int(_ setting: Setting<Int>, _ what: String, _ context: StepContext) throws(PlanFault) -> Int {
        try resolve(setting, what, "a whole number", context) { value in Int(exactly: value.coercedNumber) }
    }

    func resources(
        _ spec: ResourceSpec, defaultCPUs: Double, _ context: StepContext
    ) throws(PlanFault) -> ResourceSet {
        var amounts: [String: Double] = [ResourceSet.cpu: defaultCPUs]
        if let cpus = spec.cpus { amounts[ResourceSet.cpu] = try amount(cpus, "resources.cpus", context) }
        if let gpus = spec.gpus { amounts[ResourceSet.gpu] = try amount(gpus, "resources.gpus", context) }
        if let memory = spec.memory { amounts[ResourceSet.memory] = try size(memory, "resources.memory", context) }
        if let disk = spec.disk { amounts["disk"] = try size(disk, "resources.disk", context) }
        for (name, setting) in spec.named { amounts[name] = try amount(setting, "resources.\(name)", context) }
        do { return try ResourceSet(amounts) } catch { throw .wrong(error.message) }
    }

    private func amount(_ setting: Setting<Double>, _ what: String, _ context: StepContext) throws(PlanFault) -> Double {
        try resolve(setting, what, "a number that is not negative", context) { value in
            let number = value.coercedNumber
            return number.isFinite && number >= 0 && value != .null ? number : nil
        }
    }

    private func size(_ setting: Setting<ByteCount>, _ what: String, _ context: StepContext) throws(PlanFault) -> Double {
        let size = try resolve(setting, what, "a size; \(SizeForm.hint)", context) { value in
            SizeForm.parse(value.coercedText)
        }
        return Double(size.bytes)
    }

    private func resolve<T: Sendable>(
        _ setting: Setting<T>, _ what: String, _ expected: String, _ context: StepContext, _ convert: (Value) -> T?
    ) throws(PlanFault) -> T {
        switch setting {
        case .literal(let value): return value
        case .template(let template):
            let value = try loaded(evaluate(template, context))
            guard let result = convert(value) else {
                throw .wrong("\(place(template.position)): \(what) is \(Excerpt.of(value.plainJSON.compact)), but has to be \(expected)")
            }
            return result
        }
    }
}
