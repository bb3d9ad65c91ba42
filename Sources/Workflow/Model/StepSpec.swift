/// A step as the file declares it, with the workflow's `env` and `defaults` filled in.
package struct StepSpec: Sendable {
    package enum OnCrash: String, CaseIterable, Hashable, Sendable {
        case rerun, ask
    }

    package enum Sandbox: String, CaseIterable, Hashable, Sendable {
        case none, scratch
    }

    package var id: String
    /// Of its id.
    package var position: SourcePosition
    package var kind: StepKind
    package var name: String?
    package var description: String?
    package var labels: [(name: String, value: String)] = []
    package var with: [TemplateMember] = []
    package var needs: [NeedSpec] = []
    /// Nil: run when all that it needs succeeded.
    package var condition: SourceTemplate?
    package var forEach: ForEachSpec?
    package var stdin: SourceTemplate?
    /// The workflow's, the defaults' and the step's own, each name once.
    package var env: [EnvironmentSpec] = []
    package var outputs: [OutputSpec] = []
    package var retry = RetryPolicy()
    /// Of one attempt; nil: none.
    package var timeout: Setting<Duration>?
    /// From SIGTERM to SIGKILL.
    package var grace: Setting<Duration> = .literal(.seconds(10))
    package var continueOnError: Setting<Bool> = .literal(false)
    package var resources = ResourceSpec()
    package var onCrash = OnCrash.rerun
    /// The words of a command; `-c` and the script follow as its last arguments.
    package var shell = StepSpec.defaultShell
    /// Nil: the workflow file's folder.
    package var workdir: SourceTemplate?
    package var sandbox = Sandbox.none
    package var isDeterministic = true
    package var version: String?
    package var allowsUnsafeInterpolation = false

    /// The steps that must be done before this one can begin: those of its expressions and of `needs`, each once, in order of mention.
    package internal(set) var dependencies: [String] = []

    package static let defaultShell = ["bash", "-euo", "pipefail"]
    package static let defaultOutput = "result"

    init(id: String, position: SourcePosition, kind: StepKind) {
        self.id = id
        self.position = position
        self.kind = kind
    }

    package var isFanOut: Bool { forEach != nil }

    /// The names under which others find its outputs.
    package var outputNames: [String] {
        switch kind {
        case .run, .command: outputs.map(\.name)
        case .value(let members): members.map(\.name)
        case .call, .actor:
            outputs.contains { $0.name == Self.defaultOutput } ? outputs.map(\.name) : outputs.map(\.name) + [Self.defaultOutput]
        }
    }
}

/// A step that must be done before.
package struct NeedSpec: Sendable {
    package var step: String
    package var position: SourcePosition
    /// Order alone: its results do not count for whether this step's results can be used again.
    package var isOrderOnly = false
}

/// What a fan-out runs over.
package struct ForEachSpec: Sendable {
    /// A list or a map, or an expression for one.
    package var items: TemplateTree
    /// What tells the items apart over runs; nil: their index.
    package var key: SourceTemplate?
    /// Nil: as many as resources allow.
    package var maxParallel: Setting<Int>?
}

/// A variable of a step's environment.
package struct EnvironmentSpec: Sendable {
    package var name: String
    package var position: SourcePosition
    package var value: SourceTemplate
}
