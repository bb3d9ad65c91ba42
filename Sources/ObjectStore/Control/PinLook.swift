/// What the pin pages showed at one time. Slots may be retired, or whatever a process has written.
package struct PinLook: Sendable, Hashable {
    /// Who pins a slot: numbers of pin pages, or of the clients that have them.
    package var holders: [UInt32: [UInt64]] = [:]
    /// Slots that were pinned and let go of since the last look.
    package var used: Set<UInt32> = []
    package init() {}
}
