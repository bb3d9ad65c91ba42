import Synchronization

import RayflowCore

/// What a worker hands to a body: its arguments, decoded one after the other by static type.
package final class Call: Sendable {
    package let arguments: [ResolvedArgument]
    /// Where refs inside the arguments belong; nil for a call without a cluster (`local`).
    package let cluster: Cluster?
    private let next = Atomic<Int>(0)

    package init(arguments: [ResolvedArgument], cluster: Cluster?) {
        self.arguments = arguments
        self.cluster = cluster
    }

    /// - Throws: `invalidArgument` when the caller gave fewer arguments than the body takes.
    func next<T: RemoteValue>(_: T.Type) throws(RayflowError) -> T {
        let index = next.add(1, ordering: .relaxed).oldValue
        guard index < arguments.count else {
            throw RayflowError(.invalidArgument, "argument \(index + 1) is missing; \(arguments.count) were given")
        }
        do { return try arguments[index].decode(T.self, in: cluster) } catch {
            var error = error
            error.message = "argument \(index + 1): \(error.message)"
            throw error
        }
    }
}
