import Raylet
import RayflowCore

@testable import Workflow

/// The world outside a run, made up.
final class FakeWorld: OutsideFacts, @unchecked Sendable {
    var globs: [String: [String]] = [:]
    /// Identities of the files that are there, by absolute path.
    var files: [String: String] = [:]
    var environment: [String: String] = [:]
    var exits: [String: StepExit] = [:]
    var saved: [String: JSON] = [:]

    struct Missing: Error, CustomStringConvertible {
        var path: String
        var description: String { "no such file: '\(path)' (resolved to '/flow/\(path)')" }
    }

    func call(_ function: String, _ arguments: [Value]) throws -> Value {
        let text = arguments.first?.coercedText ?? ""
        switch function {
        case "glob": return .list((globs[text] ?? []).map { .string($0) })
        case "file", "dir":
            guard files[resolve(text)] != nil else { throw Missing(path: text) }
            return .file(text)
        case "env": return environment[text].map { .string($0) } ?? .null
        default: return .string("hash")
        }
    }

    func resolve(_ path: String) -> String { path.hasPrefix("/") ? path : path.isEmpty ? "/flow" : "/flow/" + path }
    func identity(ofFile path: String) -> String? { files[path] }
    func exit(position: String, attempt: Int) -> StepExit? { exits[StepPosition.attempt(position, attempt)] }
    func savedOutputs(position: String, attempt: Int) -> JSON? { saved[StepPosition.attempt(position, attempt)] }
}

extension StepExit {
    static func made(_ outcome: ProcessOutcome = .exited(0), _ reason: Reason = .own) -> StepExit {
        StepExit(
            outcome: outcome, reason: reason, startedMonotonic: 1, endedMonotonic: 2, startedWall: 1, endedWall: 2, usage: ProcessUsage())
    }
}
