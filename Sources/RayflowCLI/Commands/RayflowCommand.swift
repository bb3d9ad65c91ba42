import ArgumentParser

/// The root of the command line.
struct RayflowCommand: ParsableCommand {
    static let version = "0.1.0"

    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: Program.current.name,
            abstract: "Runs workflows of shell steps, Swift functions and actors, durably.",
            discussion: """
                A run is named by its id, a unique beginning of it, or 'latest'.

                Exit status: 0 success, 1 the run failed, 2 wrong usage or a workflow that is not valid, 4 the run's time was over,
                5 a fault of the engine or the machine, 130 or 143 stopped by a signal.
                """,
            version: version,
            subcommands: [
                RunCommand.self, ResumeCommand.self, ListCommand.self, StatusCommand.self, StateCommand.self, MemoryCommand.self,
                LogsCommand.self,
                CancelCommand.self,
                GraphCommand.self, PlanCommand.self, LintCommand.self, BenchCommand.self,
            ] + Program.current.commands)
    }
}
