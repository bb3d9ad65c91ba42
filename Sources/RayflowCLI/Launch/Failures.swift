import Journal
import RayflowCore
import Workflow

/// Errors of the modules below as the command line reports them.
enum Failures {
    static func ofJournal<R>(_ body: () throws(JournalFault) -> R) throws -> R {
        do { return try body() } catch { throw failure(error) }
    }

    static func failure(_ fault: JournalFault) -> CommandFailure {
        switch fault.code {
        case .noSuchRun: .usage(fault.message + " (in \(fault.path))")
        case .ambiguousRun: .usage(([fault.message] + fault.candidates.map { "  \($0)" }).joined(separator: "\n"))
        default: .fault(fault.description)
        }
    }

    static func load(_ path: String) throws -> WorkflowFile {
        do { return try WorkflowLoader.load(path: path) } catch { throw CommandFailure.rendered(error.rendered) }
    }

    /// For what has no type of its own.
    static func text(_ error: any Error) -> String {
        if let error = error as? RayflowError { return "\(error.code): \(error.message)" }
        return "\(error)"
    }
}
