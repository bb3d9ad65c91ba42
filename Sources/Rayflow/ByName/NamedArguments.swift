import RayflowCore

/// Maps the values of a `with:` to the parameters of a function, label by label. Errors name the label.
struct NamedArguments {
    private let signature: Signature
    private var left: [String: NamedValue]
    private var index = 0

    init(_ signature: Signature, _ values: [String: NamedValue]) {
        self.signature = signature
        left = values
    }

    /// The argument for the next parameter.
    mutating func next<T: RemoteValue>(_: T.Type) throws(RayflowError) -> Argument {
        guard let labels = signature.labels else {
            throw RayflowError(.invalidArgument, "\(signature.name) declares no labels: write its name as \"\(signature.name)(x:y:)\"")
        }
        guard labels.indices.contains(index) else { throw RayflowError(.invalidRegistry, "\(signature.display): too few labels") }
        let label = labels[index]
        index += 1
        guard let value = left.removeValue(forKey: label) else {
            guard T.self is any OptionalValue.Type else {
                throw RayflowError(.invalidArgument, "with.\(label) is missing (\(signature.display))")
            }
            return .value(try encode(.null, T.self, label))
        }
        do { return try argument(value, T.self, label) } catch {
            var error = error
            error.message = "with.\(label): \(error.message)"
            throw error
        }
    }

    /// - Throws: if a value was given that no parameter takes.
    func finish() throws(RayflowError) {
        guard let unknown = left.keys.sorted().first else { return }
        throw RayflowError(.invalidArgument, "with.\(unknown) is no parameter of \(signature.display)")
    }

    private func argument<T: RemoteValue>(_ value: NamedValue, _: T.Type, _ label: String) throws(RayflowError) -> Argument {
        if let json = value.plain { return .value(try encode(json, T.self, label)) }
        switch value {
        case .ref(let id): return T.self is any RefValue.Type ? .value(borrow([id], T.self, isList: false)) : .ref(id)
        case .list(let values):
            if T.self is any RefListValue.Type {
                let ids = values.compactMap { if case .ref(let id) = $0 { id } else { nil } }
                guard ids.count == values.count else {
                    throw RayflowError(.typeMismatch, "\(T.self) takes outputs of steps only, not values")
                }
                return .value(borrow(ids, T.self, isList: true))
            }
            guard let elementTag = T.self == JSON.self ? JSON._typeTag : T._elementTag else {
                throw RayflowError(.typeMismatch, "\(T.self) expected, found a list")
            }
            var parts: [Argument] = []
            for value in values { parts.append(try part(value, T.self, elementTag)) }
            return .gather(parts)
        case .json: throw RayflowError(.typeMismatch, "\(T.self) expected")
        }
    }

    private func part<T: RemoteValue>(_ value: NamedValue, _: T.Type, _ elementTag: String) throws(RayflowError) -> Argument {
        if case .ref(let id) = value { return .ref(id) }
        guard let json = value.plain else { throw RayflowError(.typeMismatch, "an output of a step stands in a list inside of a list") }
        if T.self == JSON.self { return .value(Payload(json: json)) }
        return try Self.wrapping("an element is no \(elementTag)") {
            let writer = ValueWriter()
            try T._writeElement(json, to: writer)
            let (bytes, refs) = try writer.finish()
            return .value(Payload(type: elementTag, bytes: bytes, refs: refs))
        }
    }

    private func encode<T: RemoteValue>(_ json: JSON, _: T.Type, _ label: String) throws(RayflowError) -> Payload {
        try Self.wrapping("\(T.self) expected") {
            if T.self == JSON.self { return Payload(json: json) }
            return try Payload(encoding: try T(from: JSONValueDecoder(json)))
        }
    }

    /// What the worker reads as a ref, not as its value.
    private func borrow<T: RemoteValue>(_ ids: [ObjectID], _: T.Type, isList: Bool) -> Payload {
        let writer = ValueWriter()
        if isList { writer.count(ids.count) }
        for id in ids { writer.ref(id) }
        return Payload(type: T._typeTag, bytes: writer.bytes, refs: writer.refs)
    }

    private static func wrapping<R>(_ what: String, _ body: () throws -> R) throws(RayflowError) -> R {
        do { return try body() } catch let error as RayflowError { throw error } catch {
            throw RayflowError(.typeMismatch, "\(what): \(error)", cause: error)
        }
    }
}

/// Types that are refs on the wire, so that a ref given for them is borrowed.
private protocol RefValue {}
extension ObjectRef: RefValue {}
extension ActorHandle: RefValue {}
private protocol RefListValue {}
extension Array: RefListValue where Element: RefValue {}
