internal import CLinux
internal import Glibc

/// Starts a step runner for the engine that calls it.
package enum StepRunnerLauncher {
    /// The number under which the runner finds its socket.
    package static let descriptor: Int32 = 3

    package struct Launched: Sendable {
        package var process: SpawnedProcess
        /// The engine's end, close-on-exec and blocking. Closing it ends the runner and everything that it started.
        package var socket: Int32
    }

    /// - Parameters:
    ///   - arguments: all of them, the name first; they lead the program to `StepRunner.main(socket: StepRunnerLauncher.descriptor)`.
    ///   - environment: the runner's own; steps bring theirs.
    /// - Throws: ``SpawnFailure``.
    package static func launch(
        _ program: SpawnRequest.Program, arguments: [String], environment: [EnvironmentVariable]
    ) throws(SpawnFailure) -> Launched {
        var pair: (Int32, Int32) = (-1, -1)
        let result = withUnsafeMutablePointer(to: &pair) { pointer in
            pointer.withMemoryRebound(to: Int32.self, capacity: 2) { rf_socketpair_cloexec($0) }
        }
        guard result == 0 else { throw SpawnFailure(.outOfResources, errno: errno, "no socket for the step runner: \(errnoText(errno))") }
        defer { close(pair.1) }
        let null = rf_open("/dev/null", O_RDWR, 0)
        defer { if null >= 0 { close(null) } }
        do {
            // A session of its own: Ctrl-C in the engine's terminal is the engine's to handle, and no step can wait for a terminal.
            let process = try ProcessSpawner.spawn(
                SpawnRequest(
                    program, arguments: arguments, environment: environment,
                    descriptors: [.init(null, as: 0), .init(2, as: 1), .init(2, as: 2), .init(pair.1, as: descriptor)],
                    grouping: .ownSession))
            return Launched(process: process, socket: pair.0)
        } catch {
            close(pair.0)
            throw error
        }
    }
}
