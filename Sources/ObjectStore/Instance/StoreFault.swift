package import RayflowCore

/// A request that does not fit the state of the store: a client's mistake or a message that came too late. Nothing has changed.
package enum StoreFault: Error, Sendable, Hashable {
    case noSuchObject(ObjectID)
    case notItsCreator(ObjectID, client: UInt64)
    case alreadySealed(ObjectID)
    case notSealed(ObjectID)
    /// It lies in a colder tier.
    case notHot(ObjectID)
    case notPinned(ObjectID, client: UInt64)
    case badSize(Int)
}

extension StoreFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noSuchObject(let id): "object \(id) is not in this store"
        case .notItsCreator(let id, let client): "client \(client) did not create object \(id)"
        case .alreadySealed(let id): "object \(id) is sealed already"
        case .notSealed(let id): "object \(id) is not sealed yet"
        case .notHot(let id): "object \(id) has to be brought back first"
        case .notPinned(let id, let client): "client \(client) has no pin on object \(id)"
        case .badSize(let size): "\(size) is not a size of an object"
        }
    }
}
