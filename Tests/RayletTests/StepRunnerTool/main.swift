import Glibc
import Raylet

// Processes that tests need and that a test program cannot be itself.
switch CommandLine.arguments.dropFirst().first {
case "guarded":
    // Ends with its parent, whose pid it is told.
    guard CommandLine.arguments.count > 2, let parent = Int32(CommandLine.arguments[2]), ParentGuard.arm(expectedParent: parent) else {
        exit(9)
    }
    print(getpid())
    fflush(nil)
    while true { pause() }
case "parent":
    _ = try ProcessSpawner.start(
        SpawnRequest(
            .image(try ProgramImage.ofThisProcess()), arguments: ["child", "guarded", "\(getpid())"], environment: [],
            descriptors: [.init(0, as: 0), .init(1, as: 1), .init(2, as: 2)]))
    while true { pause() }
default:
    // The step runner: its socket is where the launcher puts it.
    StepRunner.main(socket: StepRunnerLauncher.descriptor)
}
