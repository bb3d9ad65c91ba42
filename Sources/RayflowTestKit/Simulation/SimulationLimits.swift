/// Bounds of a simulation, with their units.
public enum SimulationLimits {
    /// Failed seeds after which a range of seeds is given up.
    public static let reportedFailures = 10
    /// Events that a report keeps.
    static let rememberedEvents = 500
    /// Events of one seed; more means that something goes round in circles.
    static let events = 60_000
    /// With faults stopped every wait ends within this time, in virtual nanoseconds.
    static let livenessNS: UInt64 = 300_000_000_000
    /// Tasks, calls and actors of one seed.
    static let submissions = 40
    static let actors = 3
    /// Depth of nested submissions.
    static let depth = 3
    /// A frame is under way that long at most, in virtual nanoseconds; a slow one longer.
    static let latencyNS: UInt64 = 300_000
    static let slowLatencyNS: UInt64 = 40_000_000
    /// A GCS that dies at a chosen message is away for so long, in virtual nanoseconds.
    static let gcsDowntimeNS: UInt64 = 50_000_000
}
