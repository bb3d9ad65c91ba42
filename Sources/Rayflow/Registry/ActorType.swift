package import RayflowCore

/// An actor type as the registry keeps it.
package protocol ActorType: Sendable {
    /// The Swift type name with its module.
    var typeName: String { get }
    var members: [MemberFacts] { get }
    var digests: [Digest128] { get }
    /// Its own isolation lets its calls interleave, so one thread is enough for them.
    var isSwiftActor: Bool { get }
    func index(of declaration: Declaration) -> Int?
    /// - Parameter member: index of a constructor among `members`.
    func construct(member: Int, _ call: Call, id: ActorID) async throws -> any ActorHost
}

struct TypedActor<Host: RemoteActor>: ActorType {
    let typeName: String
    let members: [MemberFacts]
    let digests: [Digest128]
    let isSwiftActor: Bool
    private let entries: [MemberEntry<Host>]
    private let indices: [ObjectIdentifier: Int]

    init(_: Host.Type) {
        typeName = TypeTags.tag(of: Host.self)
        isSwiftActor = Host.self is any Actor.Type
        let entries = Host.members.entries
        self.entries = entries
        members = entries.map(\.facts)
        digests = entries.map(\.facts.digest)
        indices = Dictionary(entries.enumerated().map { (ObjectIdentifier($1.facts.declaration), $0) }) { first, _ in first }
    }

    func index(of declaration: Declaration) -> Int? {
        indices[ObjectIdentifier(declaration)] ?? members.firstIndex { $0.declaration.isSameCode(as: declaration) }
    }

    func construct(member: Int, _ call: Call, id: ActorID) async throws -> any ActorHost {
        guard entries.indices.contains(member), case .constructor(let body) = entries[member].body else {
            throw RayflowError(.notRegistered, "member \(member) of \(typeName) is no constructor")
        }
        return TypedHost(id: id, host: try await body(call), entries: entries)
    }
}

extension ActorType {
    var problems: [String] {
        var problems = members.flatMap { member in member.problems.map { "\(typeName).\($0)" } }
        // Constructors are told apart by their labels, as `init`s are.
        for repeated in Registry.repeated(members.map { $0.isConstructor ? $0.declaration.signature.display : $0.name }) {
            problems.append("\(typeName).\(repeated) stands in members twice")
        }
        if !members.contains(where: \.isConstructor) { problems.append("\(typeName): members lists no constructor") }
        return problems
    }
}
