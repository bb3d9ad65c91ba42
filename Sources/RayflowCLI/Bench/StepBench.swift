internal import CLinux
internal import Glibc
import Journal
import RayflowCore

/// Batches of shell steps: the whole command from fork to exit, and above the floor of the same processes started by a bare loop.
enum StepBench {
    static let rows = [row("flat", count: 1_000, parallel: 2), row("chain", count: 200, parallel: 1)]

    private static func row(_ shape: String, count: Int, parallel: Int) -> BenchRow {
        let name = "steps_\(shape)_\(count)"
        return BenchRow(
            name: name, metrics: ["\(name)_s", "\(name)_overhead_ms"],
            about: "rayflow run of \(count == 1_000 ? "1,000" : "\(count)") `sh -c true`, "
                + (parallel == 1 ? "each after the one before" : "independent") + ": all of it, and each step above the bare processes",
            limit: 300,
            work: .alone { sampling in
                let folder = scratch(of: getpid())
                try Files.makeFolder(folder)
                defer { removeScratch(of: getpid()) }
                return try measure(shape, count, parallel, folder, sampling)
            })
    }

    /// - Parameter folder: a scratch folder, made and removed by the caller.
    private static func measure(
        _ shape: String, _ count: Int, _ parallel: Int, _ folder: String, _ sampling: Sampling
    ) throws -> [Measurement] {
        var text = "rayflow: 1\nname: \(shape)\nsteps:\n"
        for number in 0..<count {
            text += "  s\(number):\n    run: \"true\"\n    shell: sh -c\n"
            if shape == "chain", number > 0 { text += "    needs: [s\(number - 1)]\n" }
        }
        let file = "\(folder)/\(shape).yaml"
        try Files.writeAtomically(file, Array(text.utf8), sync: false)
        let command = [ThisProgram.path, "run", file, "--home", "\(folder)/home", "--output-mode", "quiet", "--cpus", "2"]
        var totals: [Double] = [], overheads: [Double] = []
        for _ in 0..<sampling.runs {
            let floor = try self.floor(count: count, parallel: parallel)
            let start = Sampling.seconds()
            let status = try wait(try BenchProcess.spawn(command))
            guard status == 0 else { throw CommandFailure.fault("rayflow run \(file) ended with \(status)") }
            let total = Sampling.seconds() - start
            totals.append(total)
            overheads.append((total - floor) / Double(count) * 1e3)
        }
        return [
            Measurement("steps_\(shape)_\(count)_s", "s", totals),
            Measurement("steps_\(shape)_\(count)_overhead_ms", "ms per step", overheads),
        ]
    }

    /// The floor: as many `sh -c true` from a loop over posix_spawn.
    private static func floor(count: Int, parallel: Int) throws -> Double {
        let start = Sampling.seconds()
        var running: [pid_t] = []
        for _ in 0..<count {
            if running.count == parallel { _ = try wait(running.removeFirst()) }
            running.append(try BenchProcess.spawn(["/bin/sh", "-c", "true"]))
        }
        for pid in running { _ = try wait(pid) }
        return Sampling.seconds() - start
    }

    private static func wait(_ pid: pid_t) throws -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 {
            guard errno == EINTR else { throw CommandFailure.fault("waitpid: \(String(cString: strerror(errno)))") }
        }
        return rf_wait_signal(status) == 0 ? rf_wait_status(status) : 128 + rf_wait_signal(status)
    }

    private static func scratch(of pid: pid_t) -> String { "/tmp/rayflow-bench-\(pid)" }

    /// What a process that measured, or was ended meanwhile, has left.
    static func removeScratch(of pid: pid_t) { remove(scratch(of: pid)) }

    private static func remove(_ folder: String) {
        for name in (try? Files.names(in: folder)) ?? [] {
            let path = "\(folder)/\(name)"
            if Files.isFolder(path) { remove(path) } else { unlink(path) }
        }
        rmdir(folder)
    }
}
