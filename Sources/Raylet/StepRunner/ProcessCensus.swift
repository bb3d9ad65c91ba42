internal import Glibc

/// Takes a ``Census`` of the running system and sends the signals that follow from it.
enum ProcessCensus {
    /// One read of the list of children, if there are any; `/proc` is asked about a child only when the runner did not start it.
    static func take(for instance: StepRunnerInstance, hasChildren: Bool, listedIn children: Int32) -> Census {
        var census = Census()
        for group in instance.drainingGroups where hasMembers(group) { census.livingGroups.insert(group) }
        guard hasChildren else { return census }
        for pid in ProcessTable.children(listedIn: children) where !instance.isLeader(pid) {
            let group = getpgid(pid)
            if group < 0 || instance.isGroup(group) { continue }
            census.orphans.append(Census.Orphan(pid: pid, group: group, token: ProcessTable.token(of: pid)))
        }
        return census
    }

    /// Another user's members cannot be signalled, but they are there.
    private static func hasMembers(_ group: Int32) -> Bool { kill(-group, 0) == 0 || errno == EPERM }

    /// A stopped process would not act on SIGTERM, so it is continued.
    static func signal(group: Int32, _ number: Int32) {
        kill(-group, number)
        if number != SIGKILL { kill(-group, SIGCONT) }
    }

    /// An orphan is an own child, so its pid cannot be another's. Its group is its own and that of its descendants, unless it has joined one.
    static func signal(_ orphan: Census.Orphan, _ number: Int32, among instance: StepRunnerInstance) {
        if orphan.group == getpgrp() || instance.isGroup(orphan.group) || orphan.group <= 1 {
            kill(orphan.pid, number)
            if number != SIGKILL { kill(orphan.pid, SIGCONT) }
        } else {
            signal(group: orphan.group, number)
        }
    }
}
