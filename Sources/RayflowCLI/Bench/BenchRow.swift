internal import Glibc
import Rayflow

/// What is measured together, under the name that the peers' scripts give it.
struct BenchRow: Sendable {
    typealias Body = @Sendable (Cluster, Sampling) async throws -> [Measurement]

    enum Work: Sendable {
        /// On an engine that has run one task.
        case cluster(resources: [String: Double], Body)
        /// Starts what it needs itself.
        case alone(@Sendable (Sampling) async throws -> [Measurement])
    }

    /// What the largest sum over the processes is kept of.
    enum Memory: Sendable { case resident, proportional }

    var name: String
    var metrics: [String]
    /// What is measured, in a few words.
    var about: String
    /// Seconds; what takes longer is ended.
    var limit: UInt32 = 120
    /// Each run needs a process, and in it an engine, of its own.
    var isFresh = false
    /// Metrics that are looked at from outside meanwhile; what the row itself gives is their value at its end.
    var peaks: [String: Memory] = [:]
    /// Metric for the time of the whole process.
    var wholeProcess: String?
    var work: Work

    /// Runs the row in this process; a fresh row once.
    func measure(_ sampling: Sampling) async throws -> [Measurement] {
        var sampling = sampling
        if isFresh { sampling.runs = 1 }
        switch work {
        case .alone(let body): return try await body(sampling)
        case .cluster(let resources, let body):
            return try await Self.withCluster(resources) { ray in
                _ = try await BenchRemotes.noop.remote().get()
                return try await body(ray, sampling)
            }
        }
    }

    /// The resources of the engine that is measured.
    static let cpus: [String: Double] = ["CPU": 2]
    /// Actors on the other side of a client: half of the CPU slots, at least one.
    static let servers = 1

    static func withCluster<R>(
        _ resources: [String: Double], objectStore: ObjectStoreOptions = ObjectStoreOptions(), _ body: (Cluster) async throws -> R
    ) async throws -> R {
        setenv(BenchRemotes.variable, "1", 1)
        defer { unsetenv(BenchRemotes.variable) }
        let ray = try await Cluster.start(BenchRemotes.registry, resources: resources, objectStore: objectStore)
        do {
            let result = try await ray.run { try await body(ray) }
            await ray.shutDown()
            return result
        } catch {
            await ray.shutDown()
            throw error
        }
    }

    /// In the order of the peers' scripts.
    static let all: [BenchRow] = starting + tasks + actors + objects + clients + tiers + placement + graphs + crowds + StepBench.rows

    /// The row of this name or metric.
    static func named(_ name: String) -> BenchRow? { all.first { $0.name == name || $0.metrics.contains(name) } }
}

extension BenchRow {
    /// A row with one metric of its own name on an engine with two CPU slots.
    static func single(
        _ name: String, _ about: String, limit: UInt32 = 120,
        _ body: @escaping @Sendable (Cluster, Sampling) async throws -> Measurement
    ) -> BenchRow {
        BenchRow(
            name: name, metrics: [name], about: about, limit: limit,
            work: .cluster(resources: cpus) { ray, sampling in [try await body(ray, sampling)] })
    }
}
