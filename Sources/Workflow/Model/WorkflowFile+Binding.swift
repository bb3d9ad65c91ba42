package import RayflowCore

extension WorkflowFile {
    /// The value of every declared input, in the order of declaration: given, else its default, else null.
    ///
    /// - Parameter inputs: as typed on the command line.
    /// - Throws: ``Diagnostics`` with every fault: unknown, repeated, missing and ill-formed inputs.
    package func bind(inputs given: [(key: String, value: String)]) throws(Diagnostics) -> JSONObject {
        var faults = Diagnostics()
        var texts: [String: String] = [:]
        for (key, value) in given {
            guard inputs.contains(where: { $0.name == key }) else {
                let declared = inputs.isEmpty ? "the workflow has no inputs" : "inputs are \(inputs.map(\.name).joined(separator: ", "))"
                let hint = WorkflowDecoder.didYouMean(key, among: inputs.map(\.name)) ?? declared
                faults.add(source.diagnostic(.unknownInput, "there is no input '\(key)'", hint: hint, at: nil))
                continue
            }
            if texts.updateValue(value, forKey: key) != nil {
                faults.add(source.diagnostic(.repeatedInput, "the input '\(key)' is given twice", at: nil))
            }
        }
        var values = JSONObject()
        for input in inputs {
            if let text = texts[input.name] {
                do throws(ValueFault) {
                    let value = try input.type.value(fromText: text)
                    if let violation = input.violation(by: value) { throw violation }
                    values[input.name] = value
                } catch {
                    faults.add(
                        source.diagnostic(.badInput, "the input '\(input.name)' \(error.message)", hint: error.hint, at: input.position))
                }
            } else if let value = input.defaultValue {
                values[input.name] = value
            } else if input.isRequired {
                let hint = "give it with --input \(input.name)=…"
                faults.add(source.diagnostic(.missingInput, "the input '\(input.name)' is missing", hint: hint, at: input.position))
            } else {
                values[input.name] = .null
            }
        }
        try faults.throwIfErrors()
        return values
    }
}
