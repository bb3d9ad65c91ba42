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
    var name: String { invocation.split(separator: "/").last.map(String.init) ?? "rayflow" }

    // Argument parsing makes commands from their types alone, so the program cannot be handed to them.
    private static let box = Mutex(Program(registry: Registry(), commands: [], arguments: ["rayflow"]))
    static var current: Program {
        get { box.withLock { $0 } }
        set { box.withLock { $0 = newValue } }
    }
}
