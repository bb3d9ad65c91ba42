package import Journal
package import Rayflow

/// What a person asked for: which file, with what, how.
package struct WorkflowRequest: Sendable {
    /// The workflow file; empty on resume for the run's own.
    package var path: String
    package var inputs: [(key: String, value: String)] = []
    package var home: String?
    package var resources: [String: Double]?
    package var objectStore = ObjectStoreOptions()
    package var sync = SyncPolicy.batch
    package var rerun: [String] = []
    package var assumeDone: [String] = []
    package var registry: Registry
    /// The command line, for the record.
    package var arguments: [String] = []

    package init(path: String, registry: Registry) {
        self.path = path
        self.registry = registry
    }
}

/// Why a run did not begin.
package enum LaunchFault: Error, Sendable {
    /// Exit code 2: what was asked for cannot be done.
    case usage(String)
    /// Exit code 2: the workflow file has faults.
    case diagnostics(Diagnostics)
    /// Exit code 5: the engine, the store or the run folder.
    case engine(String)
    /// A live process has the run.
    case heldBy(RunLock.Info)
}
