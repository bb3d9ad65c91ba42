internal import RayflowCore

/// Brings what is large among the outputs of a step into the object store. What is left for the driver are references.
///
/// An output is one object; a list whose elements are large is one object for each of these. The same values give the same references but for
/// their names, so that a later epoch knows what was passed on. What finds no room in the store stays a value.
struct OutputHolding {
    private let put: (JSON) throws(RayflowError) -> ObjectID
    private let newRef: () -> ValueRef
    /// Of this step.
    private(set) var objects: [ValueRef: ObjectID] = [:]
    private var digests: [ValueRef: String] = [:]

    init(newRef: @escaping () -> ValueRef, put: @escaping (JSON) throws(RayflowError) -> ObjectID) {
        self.newRef = newRef
        self.put = put
    }

    mutating func hold(_ outputs: StepOutputs, _ types: [String: ValueType]) -> StepOutputs {
        var outputs = outputs
        for (name, value) in outputs.values {
            outputs.values[name] = types[name].map { held(value, $0) } ?? value
        }
        outputs.digests = digests
        return outputs
    }

    private mutating func held(_ value: Value, _ type: ValueType) -> Value {
        // A path is known to be one only here.
        guard !type.holdsFiles else { return value }
        switch (value, type) {
        case (.array(let elements), .list):
            let texts = elements.map { $0.plainJSON.compact.utf8.count }
            guard texts.reduce(0, +) > RunLimits.heldBytes else { return value }
            // What is small among them must not make much together.
            guard texts.reduce(0, { $0 + ($1 > RunLimits.heldBytes ? 0 : $1) }) <= RunLimits.heldBytes else { return object(value) }
            return .list(zip(elements, texts).map { $1 > RunLimits.heldBytes ? object($0) : $0 })
        case (.string(let text), _): return text.utf8.count > RunLimits.heldBytes ? object(value) : value
        case (.array, _), (.object, _): return value.plainJSON.compact.utf8.count > RunLimits.heldBytes ? object(value) : value
        default: return value
        }
    }

    private mutating func object(_ value: Value) -> Value {
        let json = value.plainJSON
        guard let id = try? put(json) else { return value }
        let ref = newRef()
        objects[ref] = id
        digests[ref] = "content \(Digest128(of: json.canonical))"
        return .ref(ref)
    }
}
