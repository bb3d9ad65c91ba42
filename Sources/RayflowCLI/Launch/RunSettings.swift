import ArgumentParser
import Journal
import Rayflow
import RayflowCore
import Workflow

/// Where the runs are.
struct HomeOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The folder of the runs, in place of the nearest .rayflow.", discussion: "RAYFLOW_HOME does the same.", valueName: "folder"))
    var home: String?

    func find() throws -> RunHome { try Failures.ofJournal { () throws(JournalFault) in try RunHome.find(explicit: home) } }

    func resolve(_ run: String) throws -> RunFolder {
        let home = try find()
        return try Failures.ofJournal { () throws(JournalFault) in try home.resolve(run) }
    }
}

/// What `run` and `resume` have in common.
struct RunSettings: ParsableArguments {
    @Option(help: "What to write: \(OutputMode.allCases.map(\.rawValue).joined(separator: ", ")).")
    var outputMode = OutputMode.human

    @Flag(help: "Show what the steps write, each line with the step's name.")
    var logs = false

    @Option(help: ArgumentHelp("Logical CPUs to share among the steps; by default those of the machine.", valueName: "n"))
    var cpus: Double?

    @Option(
        help: ArgumentHelp(
            "An amount of another resource, such as gpus=1; may be repeated.", valueName: "name=n"))
    var resource: [ResourceAmount] = []

    @Option(
        help: ArgumentHelp(
            "Shared memory for large values, such as 512MiB or 4GiB, rounded up to 64 MiB; 30 % of the memory by default.",
            discussion: "RAYFLOW_OBJECT_STORE_MEMORY does the same, in bytes.", valueName: "size"), transform: Self.size)
    var objectStoreMemory: ByteCount?

    @Option(
        help: ArgumentHelp(
            "Where large values go that do not fit into that memory; '' for nowhere.", discussion: "RAYFLOW_SPILL_FOLDER does the same.",
            valueName: "folder"))
    var spillFolder: String?

    @Option(
        help: ArgumentHelp(
            "When the journal is forced to the disk: batch (a few ms later), every (at each record), never (left to the system)."))
    var sync = SyncPolicy.batch

    /// As in a workflow.
    static func size(_ text: String) throws -> ByteCount {
        guard let size = SizeForm.parse(text), size.bytes > 0 else { throw ValidationError("'\(text)' is no size: \(SizeForm.hint).") }
        return size
    }

    func validate() throws {
        if let cpus, !(cpus.isFinite && cpus > 0) { throw ValidationError("--cpus must be greater than 0.") }
    }

    var objectStore: ObjectStoreOptions { ObjectStoreOptions(memory: objectStoreMemory?.bytes, spillFolder: spillFolder) }

    /// By the names of the cluster; nil: what the machine has.
    var resources: [String: Double]? {
        var amounts: [String: Double] = [:]
        for entry in resource { amounts[Self.clusterName(entry.name)] = entry.amount }
        if let cpus { amounts[ResourceSet.cpu] = cpus }
        return amounts.isEmpty ? nil : amounts
    }

    private static func clusterName(_ name: String) -> String {
        switch name {
        case "cpus": ResourceSet.cpu
        case "gpus": ResourceSet.gpu
        default: name
        }
    }
}
