package import RayflowCore

/// How an actor is made and kept; see ``RemoteConstructor/options(cpus:gpus:memory:resources:name:namespace:lifetime:getIfExists:maxRestarts:maxTaskRetries:maxPendingCalls:placement:environment:key:)``.
public struct ActorOptions: Sendable {
    package var cpus: Double = 0
    package var gpus: Double = 0
    package var memory: ByteCount?
    package var resources: [String: Double] = [:]
    package var name: String?
    package var namespace: String?
    package var lifetime = ActorLifetime.counted
    package var getIfExists = false
    package var maxRestarts = 0
    package var maxTaskRetries = 0
    package var maxConcurrency = 1
    package var maxPendingCalls: Int?
    /// Calls that run at a time, by concurrency group.
    package var groups: [String: Int] = [:]
    package var placement = Placement.pack
    package var environment: [String: String] = [:]
    package var key: String?

    package init() {}

    /// All that the actor occupies while it lives. Without `cpus` it counts none, as in Ray, so that idle actors do not block tasks.
    package func resourceSet() throws(RayflowError) -> ResourceSet {
        try ResourceSet(cpus: cpus, gpus: gpus, memory: memory, named: resources)
    }

    /// The part that travels with the creation.
    package func spec(typeName: String) throws(RayflowError) -> ActorSpecOptions {
        guard maxConcurrency > 0 else { throw RayflowError(.invalidArgument, "maxConcurrency: \(maxConcurrency) is not positive") }
        guard maxRestarts >= -1 else { throw RayflowError(.invalidArgument, "maxRestarts: \(maxRestarts) is less than -1") }
        guard maxTaskRetries >= -1 else { throw RayflowError(.invalidArgument, "maxTaskRetries: \(maxTaskRetries) is less than -1") }
        if let maxPendingCalls, maxPendingCalls < 1 {
            throw RayflowError(.invalidArgument, "maxPendingCalls: \(maxPendingCalls) is not positive")
        }
        if getIfExists, name ?? "" == "" { throw RayflowError(.invalidArgument, "getIfExists: the actor has no name") }
        var spec = ActorSpecOptions()
        spec.name = name ?? ""
        spec.namespace = namespace ?? ""
        spec.typeName = typeName
        spec.maxRestarts = Int32(clamping: maxRestarts)
        spec.maxTaskRetries = Int32(clamping: maxTaskRetries)
        spec.maxConcurrency = UInt32(clamping: maxConcurrency)
        spec.getIfExists = getIfExists
        spec.isDetached = lifetime == .detached
        if let maxPendingCalls { spec.maxPendingCalls = Int32(clamping: maxPendingCalls) }
        return spec
    }

    package func callGroups() throws(RayflowError) -> [CallGroup] {
        var all: [CallGroup] = []
        for (name, limit) in groups.sorted(by: { $0.key < $1.key }) {
            guard !name.isEmpty, limit > 0 else {
                throw RayflowError(.invalidArgument, "groups: \"\(name)\": \(limit): a group has a name and a positive limit")
            }
            all.append(CallGroup(name: name, limit: UInt32(clamping: limit)))
        }
        return all
    }
}
