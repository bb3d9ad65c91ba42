/// What a step does.
package enum StepKind: Sendable {
    /// A script for the step's shell. Without `unsafe-interpolation` it has no expressions.
    case run(SourceTemplate)
    /// A program and its arguments, each one text.
    case command([SourceTemplate])
    /// A registered function, `Module.func`.
    case call(String)
    case actor(id: String, method: String)
    /// The step's outputs themselves.
    case value([TemplateMember])

    package var name: String {
        switch self {
        case .run: "run"
        case .command: "command"
        case .call: "call"
        case .actor: "actor"
        case .value: "value"
        }
    }

    /// Whether it is a process of the step runner.
    package var isProcess: Bool {
        switch self {
        case .run, .command: true
        case .call, .actor, .value: false
        }
    }
}
