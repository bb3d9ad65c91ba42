package import RayflowCore

/// The options of a submission; see ``RemoteFunction/options(cpus:gpus:memory:resources:maxRetries:retryErrors:timeout:priority:name:placement:environment:persist:key:)``.
public struct TaskOptions: Sendable, Hashable {
    package var cpus: Double = 1
    package var gpus: Double = 0
    package var memory: ByteCount?
    package var resources: [String: Double] = [:]
    package var maxRetries = 3
    package var retryErrors = RetryErrors.none
    package var timeout: Duration?
    package var priority = 0
    package var name: String?
    package var placement = Placement.pack
    package var environment: [String: String] = [:]
    package var persist = Persist.auto
    package var key: String?
    /// Of streams only.
    package var window: Int?
    package var isSpread = false
    /// Tasks on the longest path from this one to the exit of the graph, itself counted; 0: unknown.
    package var pathLength: UInt32 = 0

    package init() {}

    /// All that the task occupies while it runs.
    package func resourceSet() throws(RayflowError) -> ResourceSet {
        try ResourceSet(cpus: cpus, gpus: gpus, memory: memory, named: resources)
    }

    /// The part that travels with the task. Numbers beyond the wire's width are cut to it.
    package func spec() throws(RayflowError) -> SpecOptions {
        var spec = SpecOptions()
        spec.resources = try resourceSet()
        guard maxRetries >= -1 else { throw RayflowError(.invalidArgument, "maxRetries: \(maxRetries) is less than -1") }
        spec.maxRetries = Int32(clamping: maxRetries)
        spec.retryRule = retryErrors.rule
        spec.timeoutMS = try timeout.map { (timeout) throws(RayflowError) in try timeout.wholeMilliseconds(option: "timeout") } ?? 0
        spec.priority = Int32(clamping: priority)
        spec.name = name ?? ""
        spec.environment = try environment.isEmpty ? .none : RuntimeEnvironment(environment)
        spec.strategy = try placement.strategy()
        if let window {
            guard (1...StreamLimits.largestWindow).contains(window) else {
                throw RayflowError(.invalidArgument, "window: \(window) is not between 1 and \(StreamLimits.largestWindow)")
            }
            spec.streamWindow = UInt32(window)
        }
        spec.isSpread = isSpread
        return spec
    }
}

extension ResourceSet {
    package init(cpus: Double, gpus: Double, memory: ByteCount?, named: [String: Double]) throws(RayflowError) {
        for reserved in [Self.cpu, Self.gpu, Self.memory] where named[reserved] != nil {
            throw RayflowError(.invalidArgument, "resources: \(reserved) has an option of its own (cpus, gpus, memory)")
        }
        var amounts = named
        amounts[Self.cpu] = cpus
        amounts[Self.gpu] = gpus
        if let memory { amounts[Self.memory] = Double(memory.bytes) }
        try self.init(amounts)
        try checkDevices()
    }

    /// A GPU is one device: parts of one are shared, more than one are whole.
    package func checkDevices() throws(RayflowError) {
        let gpus = self[Self.gpu]
        guard gpus > Self.unit, gpus % Self.unit != 0 else { return }
        throw RayflowError(.invalidArgument, "gpus: \(Self.text(gpus)) is neither a whole number nor a part of one GPU")
    }
}

extension Duration {
    /// At least 1, because 0 means "none" on the wire.
    package func wholeMilliseconds(option: String) throws(RayflowError) -> UInt64 {
        guard self > .zero else { throw RayflowError(.invalidArgument, "\(option): \(self) is not positive") }
        let (seconds, attoseconds) = components
        let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1000)
        guard !overflow else { throw RayflowError(.invalidArgument, "\(option): \(self) is too long") }
        return max(1, whole &+ UInt64(attoseconds / 1_000_000_000_000_000))
    }
}

extension TaskOptions {
    /// All resources at once.
    package mutating func set(_ set: ResourceSet) {
        let (cpus, gpus, memory, named) = set.parts
        self.cpus = cpus
        self.gpus = gpus
        self.memory = memory
        resources = named
    }
}

extension ActorOptions {
    /// All resources at once.
    package mutating func set(_ set: ResourceSet) {
        let (cpus, gpus, memory, named) = set.parts
        self.cpus = cpus
        self.gpus = gpus
        self.memory = memory
        resources = named
    }
}

extension ResourceSet {
    fileprivate var parts: (cpus: Double, gpus: Double, memory: ByteCount?, named: [String: Double]) {
        var named = amounts.mapValues { Double($0) / Double(Self.unit) }
        let cpus = named.removeValue(forKey: Self.cpu) ?? 0, gpus = named.removeValue(forKey: Self.gpu) ?? 0
        let memory = named.removeValue(forKey: Self.memory).map { ByteCount(bytes: Int($0)) }
        return (cpus, gpus, memory, named)
    }
}
