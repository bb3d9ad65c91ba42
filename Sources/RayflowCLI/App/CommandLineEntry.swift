import ArgumentParser
import Dispatch
import Glibc

/// From the arguments to the exit status.
enum CommandLineEntry {
    static func run(_ program: Program) -> Never {
        Outlet.holdStandardStreams()
        // Its fault is seen where it is written.
        signal(SIGPIPE, SIG_IGN)
        Program.current = program
        AppHandover.takeMarker()
        Task {
            let status = settled(await perform(Array(program.arguments.dropFirst())))
            fflush(nil)
            // Nothing is left to be done at exit, and threads of the engine may still wind down.
            _exit(status)
        }
        dispatchMain()
    }

    /// What could not be written was not done, whatever else went well.
    private static func settled(_ status: Int32) -> Int32 {
        guard let fault = Outlet.outputFault else { return status }
        Outlet.error.line("error: standard output cannot be written: \(fault)")
        return status == ExitStatus.success ? ExitStatus.fault : status
    }

    static func perform(_ arguments: [String]) async -> Int32 {
        do {
            var command = try RayflowCommand.parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            return ExitStatus.success
        } catch {
            return report(error)
        }
    }

    private static func report(_ error: any Error) -> Int32 {
        if let exit = error as? ExitCode { return exit.rawValue }
        if let failure = error as? CommandFailure {
            if !failure.message.isEmpty { Outlet.error.line(failure.text) }
            return failure.status
        }
        let text = RayflowCommand.fullMessage(for: error)
        guard RayflowCommand.exitCode(for: error) != .success else {
            Outlet.output.line(text)
            return ExitStatus.success
        }
        Outlet.error.line(text)
        // What a command threw is no mistake in its arguments.
        return RayflowCommand.exitCode(for: error) == .validationFailure ? ExitStatus.usage : ExitStatus.failedRun
    }
}
