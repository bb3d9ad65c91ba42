/// Why a command ends without having done its work.
struct CommandFailure: Error {
    var status: Int32
    /// What happened, where, and what to do next; may have several lines.
    var message: String
    /// The message is complete as it stands, as rendered diagnostics are.
    var isRendered = false

    static func usage(_ message: String) -> CommandFailure { CommandFailure(status: ExitStatus.usage, message: message) }
    static func fault(_ message: String) -> CommandFailure { CommandFailure(status: ExitStatus.fault, message: message) }
    static func rendered(_ message: String) -> CommandFailure {
        CommandFailure(status: ExitStatus.usage, message: message, isRendered: true)
    }

    var text: String { isRendered ? message : "error: \(message)" }
}
