internal import Glibc
import Rayflow

// The engine coming, idle, and going.
extension BenchRow {
    static let starting: [BenchRow] = [
        BenchRow(
            name: "init", metrics: ["init_s", "init_call_s", "init_first_task_s", "shutdown_s", "process_total_s"],
            about: "fresh process: start of the engine to the first no-op done, its end, and the whole process", isFresh: true,
            wholeProcess: "process_total_s",
            work: .alone { _ in
                setenv(BenchRemotes.variable, "1", 1)
                defer { unsetenv(BenchRemotes.variable) }
                let start = Sampling.seconds()
                let ray = try await Cluster.start(BenchRemotes.registry, resources: cpus)
                let up = Sampling.seconds()
                try await ray.run { _ = try await BenchRemotes.noop.remote().get() }
                let done = Sampling.seconds()
                await ray.shutDown()
                let down = Sampling.seconds()
                return [
                    Measurement("init_s", "s", [done - start]), Measurement("init_call_s", "s", [up - start]),
                    Measurement("init_first_task_s", "s", [done - up]), Measurement("shutdown_s", "s", [down - done]),
                ]
            }),
        BenchRow(
            name: "idle", metrics: ["idle_processes", "idle_threads", "idle_rss_mb", "idle_pss_mb", "idle_cpu_pct"],
            about: "5 s after the start and one task: processes, threads, memory; processor time over the next 5 s; with this program",
            isFresh: true,
            work: .cluster(resources: cpus) { _, sampling in
                try await Task.sleep(for: .seconds(sampling.idle))
                let before = ProcessTree(root: getpid())
                let proportional = before.proportional
                // Looking costs processor time, too, so the clock starts after it.
                let start = Sampling.seconds(), first = ProcessTree(root: getpid())
                try await Task.sleep(for: .seconds(sampling.idle))
                let share = ProcessTree(root: getpid()).cpu(since: first) / (Sampling.seconds() - start)
                return [
                    Measurement("idle_processes", "count", [Double(before.members.count)]),
                    Measurement("idle_threads", "count", [Double(before.threads)]),
                    Measurement("idle_rss_mb", "MB", [Double(before.resident) / 1e6]),
                    Measurement("idle_pss_mb", "MB", [Double(proportional) / 1e6]),
                    Measurement("idle_cpu_pct", "% of one core", [share * 100]),
                ]
            }),
    ]
}
