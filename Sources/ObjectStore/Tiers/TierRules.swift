/// When objects of a store move down to a colder tier, and how long those who want room wait for it.
///
/// The hard limit is the size of the arena: nothing is created beyond it. From the soft limit on, objects that nobody reads move down ahead
/// of need, those first that have not been used for longest.
package struct TierRules: Sendable, Hashable {
    /// Part of the arena in use, in percent, from which objects move down ahead of need.
    package var softLimitPercent = StoreLimits.softLimitPercent
    /// Part of the arena, in percent, that packed objects may take before the oldest of them go to the spill folder.
    package var warmLimitPercent = StoreLimits.warmLimitPercent
    /// Bytes of the spill folder; 0: there is none.
    package var spillBytes = StoreLimits.maximumSpillBytes
    package var spillFileSize = StoreLimits.spillFileSize
    /// Ticks of about a second that a request waits for room when nothing can move down; 0: until the next.
    package var waitTicks = StoreLimits.roomWaitTicks

    package init() {}

    /// Objects stay where they are, and a full store refuses at once.
    package static let off: TierRules = {
        var rules = TierRules()
        rules.softLimitPercent = 100
        rules.warmLimitPercent = 0
        rules.spillBytes = 0
        rules.waitTicks = 0
        return rules
    }()

    var movesDown: Bool { warmLimitPercent > 0 || spillBytes > 0 }
    /// Whether there is anything to wait for when the store is full.
    var waits: Bool { movesDown || waitTicks > 0 }
}
