import ArgumentParser
import Rayflow
import Synchronization

/// The running program as its own command line knows it.
struct Program: Sendable {
    let registry: Registry
    let commands: [any ParsableCommand.Type]
    let arguments: [String]

    /// What the person typed, for hints that can be typed again.
    var invocation: String { arguments.first ?? "rayflow" }
    /// A command that can be typed as it stands: with the `--home` that this one was given.
    func hint(_ command: String) -> String { "\(invocation) \(command)\(homeOption)" }

    private var homeOption: String {
        for (at, argument) in arguments.enumerated() {
            if argument == "--home", at + 1 < arguments.count { return " --home \(Ending.quoted(arguments[at + 1]))" }
            if argument.hasPrefix("--home=") { return " --home \(Ending.quoted(String(argument.dropFirst(7))))" }
        }
        return ""
    }

    var name: String { invocation.split(separator: "/").last.map(String.init) ?? "rayflow" }

    // Argument parsing makes commands from their types alone, so the program cannot be handed to them.
    private static let box = Mutex(Program(registry: Registry(), commands: [], arguments: ["rayflow"]))
    static var current: Program {
        get { box.withLock { $0 } }
        set { box.withLock { $0 = newValue } }
    }
}
