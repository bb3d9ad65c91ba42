/// What the shell found among the processes of steps whose leader has ended, and among its own children.
package struct Census: Sendable, Hashable {
    /// A child of the runner that it did not start: its parent has died, and the runner is the reaper of its descendants.
    package struct Orphan: Sendable, Hashable {
        package var pid: Int32
        package var group: Int32
        /// Value of `RAYFLOW_STEP` in its environment; nil when it has none (or none yet, in the middle of an exec).
        package var token: String?

        package init(pid: Int32, group: Int32, token: String?) {
            self.pid = pid
            self.group = group
            self.token = token
        }
    }

    /// Those of the groups asked for that still have members.
    package var livingGroups: Set<Int32>
    /// Without the members of groups that belong to a step.
    package var orphans: [Orphan]

    package init(livingGroups: Set<Int32> = [], orphans: [Orphan] = []) {
        self.livingGroups = livingGroups
        self.orphans = orphans
    }
}
