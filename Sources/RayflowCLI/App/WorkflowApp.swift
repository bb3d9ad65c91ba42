public import ArgumentParser
import Glibc
public import Rayflow

/// A program with the command line of `rayflow`, whose functions and actors workflow files can call.
///
///     @main struct MyApp: WorkflowApp {
///         static let remotes = Registry(Tasks.square, actors: [Counter.self])
///     }
///
/// Then `MyApp run pipeline.yaml`, `MyApp resume …` and all other commands work, with `call: square` and `type: MyApp.Counter` in the file.
public protocol WorkflowApp: SendableMetatype {
    /// All that can be called. Evaluated in the driver and in each worker.
    static var remotes: Registry { get }
    /// Commands of the program's own, beside those of `rayflow`. None by default.
    static var commands: [any ParsableCommand.Type] { get }
}

extension WorkflowApp {
    public static var commands: [any ParsableCommand.Type] { [] }

    /// Takes the role that this process was started with, before any code of the user's; otherwise obeys the command line and ends the process
    /// with the command's exit status.
    public static func main() {
        Rayflow.takeRole(getenv(BenchRemotes.variable) == nil ? remotes : BenchRemotes.registry)
        CommandLineEntry.run(Program(registry: remotes, commands: commands, arguments: CommandLine.arguments))
    }
}
