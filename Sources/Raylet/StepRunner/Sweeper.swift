internal import CLinux
internal import Glibc

/// Ends what a killed step runner has left behind: processes of this user whose environment carries a token of the given kind.
///
/// Called at the next start, with the run's fence held exclusively, before any step is started.
package enum Sweeper {
    /// A process that was found, and what it took to end it.
    package struct Swept: Sendable, Hashable {
        package var pid: Int32
        package var group: Int32
        package var token: String
        /// False when SIGTERM was enough.
        package var wasKilled: Bool
    }

    private struct Survivor {
        var pid: Int32
        var pidfd: Int32
        var group: Int32
        var token: String
    }

    /// SIGTERM, grace, SIGKILL, with their process groups. Returns when they are gone, in the order in which they were found.
    ///
    /// Never touches the calling process, its ancestors, or a group that one of these is in (a process there is ended alone).
    ///
    /// - Parameters:
    ///   - tokenPrefix: what `RAYFLOW_STEP` starts with; an empty prefix finds nothing.
    ///   - graceMilliseconds: between SIGTERM and SIGKILL, for all together.
    package static func sweep(tokenPrefix: String, graceMilliseconds: UInt64 = 1000) -> [Swept] {
        guard !tokenPrefix.isEmpty else { return [] }
        let family = ownFamily()
        var swept: [Swept] = []
        var seen: Set<Int32> = []
        for _ in 0..<StepRunnerLimits.sweepRounds {
            let survivors = find(tokenPrefix, except: family.pids)
            if survivors.isEmpty { break }
            defer { for survivor in survivors { close(survivor.pidfd) } }
            signal(survivors, SIGTERM, sparing: family.groups)
            let stubborn = wait(for: survivors, milliseconds: graceMilliseconds)
            signal(stubborn, SIGKILL, sparing: family.groups)
            _ = wait(for: stubborn, milliseconds: StepRunnerLimits.killConfirmation / 1_000_000)
            let killed = Set(stubborn.map(\.pid))
            for survivor in survivors where seen.insert(survivor.pid).inserted {
                swept.append(
                    Swept(pid: survivor.pid, group: survivor.group, token: survivor.token, wasKilled: killed.contains(survivor.pid)))
            }
        }
        return swept
    }

    private static func ownFamily() -> (pids: Set<Int32>, groups: Set<Int32>) {
        var pids: Set<Int32> = []
        var groups: Set<Int32> = [getpgrp()]
        var pid = getpid()
        while pid > 0, pids.insert(pid).inserted, let relation = ProcessTable.relation(of: pid) {
            groups.insert(relation.group)
            pid = relation.parent
        }
        return (pids, groups)
    }

    private static func find(_ prefix: String, except family: Set<Int32>) -> [Survivor] {
        let user = geteuid()
        var found: [Survivor] = []
        for pid in ProcessTable.all() where !family.contains(pid) {
            guard ProcessTable.user(of: pid) == user else { continue }
            guard let token = ProcessTable.token(of: pid), token.hasPrefix(prefix) else { continue }
            // The descriptor first, then everything again: the number may be another process's by now.
            let pidfd = rf_pidfd_open(pid)
            guard pidfd >= 0 else { continue }
            guard ProcessTable.token(of: pid) == token, let relation = ProcessTable.relation(of: pid), !relation.isZombie else {
                close(pidfd)
                continue
            }
            found.append(Survivor(pid: pid, pidfd: pidfd, group: relation.group, token: token))
        }
        return found
    }

    private static func signal(_ survivors: [Survivor], _ number: Int32, sparing groups: Set<Int32>) {
        var done: Set<Int32> = []
        for survivor in survivors {
            if survivor.group > 1, !groups.contains(survivor.group), getpgid(survivor.pid) == survivor.group {
                if done.insert(survivor.group).inserted { ProcessCensus.signal(group: survivor.group, number) }
            } else {
                _ = rf_pidfd_send_signal(survivor.pidfd, number)
                if number != SIGKILL { _ = rf_pidfd_send_signal(survivor.pidfd, SIGCONT) }
            }
        }
    }

    /// Those that live when the time is over.
    private static func wait(for survivors: [Survivor], milliseconds: UInt64) -> [Survivor] {
        let (sum, isTooLong) = rf_monotonic_ns().addingReportingOverflow(StepRunnerInstance.nanoseconds(milliseconds))
        let end = isTooLong ? .max : sum
        var living = survivors
        while !living.isEmpty {
            var descriptors = living.map { pollfd(fd: $0.pidfd, events: Int16(POLLIN), revents: 0) }
            let now = rf_monotonic_ns()
            let left = end > now ? Int32(clamping: (end - now + 999_999) / 1_000_000) : 0
            let count = poll(&descriptors, nfds_t(descriptors.count), left)
            if count < 0, errno != EINTR { break }
            if count > 0 { living = zip(living, descriptors).filter { $1.revents == 0 }.map(\.0) }
            if count == 0, left == 0 { break }
        }
        return living
    }
}
