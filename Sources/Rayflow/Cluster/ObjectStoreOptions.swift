internal import Glibc
package import ObjectStore
package import RayflowCore

/// How large a node's object store is, and where objects go that do not fit: those that nobody reads are first compressed in memory, then
/// written to a folder, and come back when somebody reads them.
///
/// What is not given here comes from the environment of the driver (`RAYFLOW_OBJECT_STORE_MEMORY`, `RAYFLOW_OBJECT_STORE_SOFT_LIMIT`,
/// `RAYFLOW_SPILL_FOLDER`, `RAYFLOW_SPILL_LIMIT`, `RAYFLOW_DISK_LIMIT`, `RAYFLOW_ROOM_WAIT_MS`), and then is as said below.
public struct ObjectStoreOptions: Sendable, Hashable {
    /// Bytes of shared memory at most, in steps of 64 MiB: the hard limit. nil: 30 % of the memory, or of the cgroup's limit when that is
    /// less.
    public var memory: Int?
    /// Part of ``memory``, above 0 and up to 1, from which objects that nobody reads move to a colder tier ahead of need. nil: 0.8.
    public var softLimit: Double?
    /// Where objects are spilled, made when it is needed, in a folder that is there. Its files have no names and go with the process. Empty:
    /// nothing is spilled. nil: a folder of the user's in `$TMPDIR` or `/var/tmp`.
    public var spillFolder: String?
    /// Bytes that are spilled at most. nil: 1 TiB.
    public var spillLimit: Int?
    /// Part of the disk of ``spillFolder``, above 0 and up to 1, that may be in use, by whomever, after an object is spilled. nil: 0.95.
    public var diskLimit: Double?
    /// How long who needs room waits while the store is full of objects in use, in whole seconds; zero: less than a second. nil: 10 s.
    public var roomWait: Duration?

    public init(
        memory: Int? = nil, softLimit: Double? = nil, spillFolder: String? = nil, spillLimit: Int? = nil, diskLimit: Double? = nil,
        roomWait: Duration? = nil
    ) {
        self.memory = memory
        self.softLimit = softLimit
        self.spillFolder = spillFolder
        self.spillLimit = spillLimit
        self.diskLimit = diskLimit
        self.roomWait = roomWait
    }
}

/// What the options come to.
package struct ObjectStoreSettings: Sendable, Hashable {
    /// Bytes; nil: a share of the machine's.
    package var memory: Int?
    package var rules = TierRules()
    /// nil: nothing is spilled.
    package var spillFolder: String?
    package var diskFullPercent = StoreLimits.diskFullPercent

    /// With the default folder.
    package init() { spillFolder = Self.defaultFolder(GivenOption.environment) }

    /// - Parameter variable: the value of an environment variable.
    /// - Throws: `invalidArgument` that names the option or the variable.
    package init(
        _ options: ObjectStoreOptions, variable: (String) -> String? = GivenOption.environment
    ) throws(RayflowError) {
        if let bytes = try GivenOption.number(options.memory, "RAYFLOW_OBJECT_STORE_MEMORY", variable, { Int($0) }) {
            guard bytes > 0 else { throw Self.refusal("memory", "RAYFLOW_OBJECT_STORE_MEMORY", "\(bytes) is not above 0") }
            memory = bytes
        }
        if let percent = try Self.percent(options.softLimit, "softLimit", "RAYFLOW_OBJECT_STORE_SOFT_LIMIT", variable) {
            rules.softLimitPercent = percent
        }
        if let percent = try Self.percent(options.diskLimit, "diskLimit", "RAYFLOW_DISK_LIMIT", variable) { diskFullPercent = percent }
        if let bytes = try GivenOption.number(options.spillLimit, "RAYFLOW_SPILL_LIMIT", variable, { Int($0) }) {
            guard bytes > 0, bytes <= StoreLimits.maximumSpillBytes else {
                throw Self.refusal("spillLimit", "RAYFLOW_SPILL_LIMIT", "\(bytes) is not above 0 and up to 1 TiB")
            }
            rules.spillBytes = bytes
            rules.spillFileSize = min(rules.spillFileSize, (bytes + StoreLimits.pageSize - 1) / StoreLimits.pageSize * StoreLimits.pageSize)
        }
        if let wait = options.roomWait {
            guard wait >= .zero, wait <= .seconds(StoreLimits.roomWaitLimitTicks) else {
                throw RayflowError(.invalidArgument, "roomWait: \(wait) is not between 0 and \(StoreLimits.roomWaitLimitTicks) seconds")
            }
            let (seconds, attoseconds) = wait.components
            rules.waitTicks = Int(seconds) + (attoseconds > 0 ? 1 : 0)
        } else if let milliseconds = try GivenOption.number(nil, "RAYFLOW_ROOM_WAIT_MS", variable, { Int($0) }) {
            guard milliseconds >= 0, milliseconds <= StoreLimits.roomWaitLimitTicks * 1000 else {
                throw Self.refusal(
                    "roomWait", "RAYFLOW_ROOM_WAIT_MS", "\(milliseconds) is not between 0 and \(StoreLimits.roomWaitLimitTicks * 1000)")
            }
            rules.waitTicks = (milliseconds + 999) / 1000
        }
        let folder = options.spillFolder ?? variable("RAYFLOW_SPILL_FOLDER") ?? Self.defaultFolder(variable)
        if folder.isEmpty { rules.spillBytes = 0 } else { spillFolder = folder }
    }

    /// Of a cluster that is about to start.
    ///
    /// - Throws: as ``init(_:variable:)``, and when the spill folder that somebody has named can take no files.
    package static func checked(_ options: ObjectStoreOptions) throws(RayflowError) -> Self {
        let settings = try Self(options)
        let isNamed = (options.spillFolder ?? GivenOption.environment("RAYFLOW_SPILL_FOLDER")) != nil
        if isNamed, let folder = settings.spillFolder, let why = SpillFolder.obstacle(at: folder) {
            throw refusal("spillFolder", "RAYFLOW_SPILL_FOLDER", "\(folder): \(why)")
        }
        return settings
    }

    /// Not the session folder: that is memory on many machines.
    private static func defaultFolder(_ variable: (String) -> String?) -> String {
        let parent = variable("TMPDIR").flatMap { $0.isEmpty ? nil : $0 } ?? "/var/tmp"
        return parent + "/rayflow-spill-\(getuid())"
    }

    private static func percent(
        _ option: Double?, _ name: String, _ variableName: String, _ variable: (String) -> String?
    ) throws(RayflowError) -> Int? {
        guard let part = try GivenOption.number(option, variableName, variable, { Double($0) }) else { return nil }
        guard part > 0, part <= 1 else { throw refusal(name, variableName, "\(part) is not above 0 and up to 1") }
        return max(1, Int((part * 100).rounded()))
    }

    private static func refusal(_ name: String, _ variable: String, _ why: String) -> RayflowError {
        RayflowError(.invalidArgument, "\(name) of the object store (\(variable)): \(why)")
    }
}
