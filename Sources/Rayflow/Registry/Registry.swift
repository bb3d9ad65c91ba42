import RayflowCore

/// All that can be called from afar in a program: the same list in the driver and in each worker.
public struct Registry: Sendable {
    private final class Storage: Sendable {
        let functions: [FunctionEntry]
        let digests: [Digest128]
        let byDeclaration: [ObjectIdentifier: Int]
        let byName: [String: Int]
        let actors: [any ActorType]
        let actorsByType: [ObjectIdentifier: Int]
        let actorsByName: [String: Int]
        let errors: [String: any RemoteError.Type]
        let codecs: [String: ValueCodec]
        let problems: [String]
        let digest: Digest128

        init(_ functions: [FunctionEntry], _ actors: [any RemoteActor.Type], _ errors: [any RemoteError.Type]) {
            self.functions = functions
            digests = functions.map(\.digest)
            byDeclaration = Dictionary(functions.enumerated().map { (ObjectIdentifier($1.declaration), $0) }) { first, _ in first }
            byName = Dictionary(functions.enumerated().map { ($1.name, $0) }) { first, _ in first }
            func table<Host: RemoteActor>(_ type: Host.Type) -> any ActorType { TypedActor(type) }
            let types = actors.map { table($0) }
            self.actors = types
            actorsByType = Dictionary(actors.enumerated().map { (ObjectIdentifier($1), $0) }) { first, _ in first }
            actorsByName = Dictionary(types.enumerated().map { ($1.typeName, $0) }) { first, _ in first }
            self.errors = Dictionary(errors.map { ($0._typeTag, $0) }) { first, _ in first }
            let values =
                functions.flatMap { $0.parameters + $0.results } + types.flatMap { $0.members.flatMap { $0.parameters + $0.results } }
            codecs = Dictionary(values.map { ($0.tag, $0) }) { first, _ in first }
            problems =
                Registry.repeated(functions.map(\.name)).map { "\($0) is registered twice" } + functions.flatMap(\.problems)
                + Registry.repeated(types.map(\.typeName)).map { "\($0) is registered twice" } + types.flatMap(\.problems)
            digest = Registry.tableDigest(names: functions.map(\.name), digests, types, Array(self.errors.keys))
        }
    }

    private let storage: Storage

    /// - Parameters:
    ///   - functions: in any order, which the driver and its workers share.
    ///   - actors: their members come with them.
    ///   - errors: types that `get` throws as themselves.
    public init(_ functions: any AnyRemoteFunction..., actors: [any RemoteActor.Type] = [], errors: [any RemoteError.Type] = []) {
        storage = Storage(functions.map { $0._entry }, actors, errors)
    }

    /// Everything that is wrong with the declarations; a cluster starts only when there is nothing.
    public var problems: [String] { storage.problems }

    /// Of names, versions and types, in order: equal in processes that can work for each other.
    package var digest: Digest128 { storage.digest }

    static func repeated(_ names: [String]) -> [String] {
        var seen: Set<String> = [], twice: [String] = []
        for name in names where !seen.insert(name).inserted && !twice.contains(name) { twice.append(name) }
        return twice
    }

    private static func tableDigest(names: [String], _ digests: [Digest128], _ types: [any ActorType], _ errors: [String]) -> Digest128 {
        var hasher = Digest128Hasher()
        hasher.update(UInt64(names.count))
        for (name, digest) in zip(names, digests) {
            hasher.update(name)
            hasher.update(digest.lineage)
        }
        hasher.update(UInt64(types.count))
        for type in types {
            hasher.update(type.typeName)
            hasher.update(UInt64(type.members.count))
            for digest in type.digests { hasher.update(digest.lineage) }
        }
        for error in errors.sorted() { hasher.update(error) }
        return hasher.digest
    }
}

extension Registry {
    package var functions: [FunctionEntry] { storage.functions }
    package var actors: [any ActorType] { storage.actors }

    /// The function at an index from the wire; nil beyond the table.
    package func function(at index: UInt32) -> FunctionEntry? {
        Int(index) < functions.count ? functions[Int(index)] : nil
    }
    package func functionIndex(named name: String) -> Int? { storage.byName[name] }
    package func functionDigest(at index: Int) -> Digest128 { storage.digests[index] }
    package func actor(named typeName: String) -> (any ActorType)? { storage.actorsByName[typeName].map { actors[$0] } }
    func actor(_ type: any RemoteActor.Type) -> (any ActorType)? { storage.actorsByType[ObjectIdentifier(type)].map { actors[$0] } }

    /// The place of a declaration in the table. A function of the same name that was declared elsewhere is another one.
    func functionIndex(of declaration: Declaration) -> Int? {
        if let index = storage.byDeclaration[ObjectIdentifier(declaration)] { return index }
        guard let index = storage.byName[declaration.name], functions[index].declaration.isSameCode(as: declaration) else { return nil }
        return index
    }
}

extension Registry {
    /// The user's error in its own type, if it is registered and can be read.
    package func error(_ typed: Payload, in cluster: Cluster?) -> (any Error)? {
        func decode<E: RemoteError>(_: E.Type) -> (any Error)? { try? typed.decode(E.self, in: cluster) }
        return storage.errors[typed.type].flatMap { decode($0) }
    }

    package func isRegistered(_ error: any RemoteError.Type) -> Bool { storage.errors[error._typeTag] != nil }

    /// Shows an object of any type that the table mentions.
    /// - Throws: `typeMismatch` for other types; what the value's `encode(to:)` throws.
    func json(_ object: EncodedObject) throws -> JSON {
        if object.form == .json { return try JSON.parse(object.bytes) }
        guard let codec = storage.codecs[object.type] ?? ValueCodec.common[object.type] else {
            throw RayflowError(.typeMismatch, "a \(object.type) cannot be shown as JSON: no registered function takes or returns one")
        }
        return try codec.json(object)
    }
}
