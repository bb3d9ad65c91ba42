import EngineTestRemotes
import Glibc
import Rayflow

// The program of the workers in the engine's tests, and of drivers that are killed there.

Rayflow.takeRole(EngineRemotes.registry)
let arguments = Array(CommandLine.arguments.dropFirst())
guard arguments.count == 4, arguments[0] == "drive" else { exit(64) }
do {
    try await DurableDriver(folder: arguments[1], path: arguments[2], phase: arguments[3]).run()
} catch {
    say("error", error)
    exit(1)
}
