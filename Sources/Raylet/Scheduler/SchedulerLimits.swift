/// Every bound of the local scheduler and its worker pool, with its unit.
package enum SchedulerLimits {
    /// Spillbacks of one request; after that it waits where it is, unless this node can never serve it.
    package static let spillbackHops: UInt8 = 3
    /// Answers remembered for repeated and late requests.
    package static let rememberedAnswers = 100_000
    /// Ended jobs remembered, so that their late requests are refused.
    package static let rememberedJobs = 10_000
    /// Placement groups that are over here and remembered, so that their late messages reserve nothing.
    package static let rememberedGroups = 10_000
    /// GPUs that a node can have as single devices.
    package static let devices: Int64 = 1_024
    /// Processes that may be between spawn and registration, per CPU, but ``fewestStarting`` in any case.
    package static let startingPerCPU = 2
    package static let fewestStarting = 4
    /// A process that has not registered by then is killed.
    package static let workerStartNS: UInt64 = 60_000_000_000
    /// Times that a process may die before it registers until its request is answered with the reason.
    package static let startAttempts = 3
    /// While no worker of a job is blocked, it may have that many without delay (tasks that ask for a fraction of a CPU or for none).
    package static let undelayedWorkers = 64
    /// A request waits that long for a blocked worker before a further one starts; the wait doubles with each, up to the longest.
    package static let firstFurtherWorkerNS: UInt64 = 10_000_000
    package static let longestFurtherWorkerNS: UInt64 = 1_000_000_000
    /// Pause between two registrations while the GCS does not answer.
    package static let registrationNS: UInt64 = 1_000_000_000
    /// Idle workers beyond ``RayletInstance/keptIdle`` of other jobs and environments; with more, one goes for each that starts.
    package static let idleOfOthers = 16
    /// A worker beyond ``RayletInstance/keptIdle`` is ended when it has been idle that long.
    package static let idleWorkerNS: UInt64 = 5_000_000_000
}
