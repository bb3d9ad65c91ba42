internal import CLinux
internal import Glibc
import Journal
import Raylet
import RayflowCore

/// Batches of shell steps: the whole command from fork to exit, and above the floor of the same processes started by a bare loop.
struct StepBench {
    static let names = ["steps_flat_1000_s", "steps_flat_1000_overhead_ms", "steps_chain_200_s", "steps_chain_200_overhead_ms"]

    /// - Parameter folder: a scratch folder, made and removed by the caller.
    static func run(folder: String) throws -> [Measurement] {
        try shape("flat", count: 1_000, parallel: 2, folder) + shape("chain", count: 200, parallel: 1, folder)
    }

    private static func shape(_ shape: String, count: Int, parallel: Int, _ folder: String) throws -> [Measurement] {
        var text = "rayflow: 1\nname: \(shape)\nsteps:\n"
        for number in 0..<count {
            text += "  s\(number):\n    run: \"true\"\n    shell: sh -c\n"
            if shape == "chain", number > 0 { text += "    needs: [s\(number - 1)]\n" }
        }
        let file = "\(folder)/\(shape).yaml"
        try Files.writeAtomically(file, Array(text.utf8), sync: false)
        var totals: [Double] = [], overheads: [Double] = []
        for _ in 0..<Sampling.timedRuns {
            let floor = try self.floor(count: count, parallel: parallel)
            let start = Sampling.seconds()
            let status = try wait(
                try spawn(["/proc/self/exe", "run", file, "--home", "\(folder)/home", "--output-mode", "quiet", "--cpus", "2"]))
            guard status == 0 else { throw RayflowError(.system, "rayflow run \(file) ended with \(status)") }
            let total = Sampling.seconds() - start
            totals.append(total)
            overheads.append((total - floor) / Double(count) * 1e3)
        }
        return [
            Measurement(name: "steps_\(shape)_\(count)_s", unit: "s", values: totals),
            Measurement(name: "steps_\(shape)_\(count)_overhead_ms", unit: "ms per step", values: overheads),
        ]
    }

    /// The floor: as many `sh -c true` from a loop over posix_spawn.
    private static func floor(count: Int, parallel: Int) throws -> Double {
        let start = Sampling.seconds()
        var running: [pid_t] = []
        for _ in 0..<count {
            if running.count == parallel { _ = try wait(running.removeFirst()) }
            running.append(try spawn(["/bin/sh", "-c", "true"]))
        }
        for pid in running { _ = try wait(pid) }
        return Sampling.seconds() - start
    }

    private static func spawn(_ arguments: [String]) throws -> pid_t {
        var pid: pid_t = 0
        var argv = arguments.map { strdup($0) } + [nil]
        defer { for pointer in argv { free(pointer) } }
        // Not the link itself, which would be the child's own.
        let program = arguments[0] == "/proc/self/exe" ? ChildOutput.thisProgram : arguments[0]
        let code = posix_spawn(&pid, program, nil, nil, &argv, rf_environ())
        guard code == 0 else { throw RayflowError(.system, "cannot start \(program): \(String(cString: strerror(code)))") }
        return pid
    }

    private static func wait(_ pid: pid_t) throws -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 {
            guard errno == EINTR else { throw RayflowError(.system, "waitpid: \(String(cString: strerror(errno)))") }
        }
        return rf_wait_signal(status) == 0 ? rf_wait_status(status) : 128 + rf_wait_signal(status)
    }
}
