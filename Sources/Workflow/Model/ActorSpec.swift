/// A declared actor.
package struct ActorSpec: Sendable {
    package var id: String
    /// Of its id.
    package var position: SourcePosition
    /// The registered type's name, `Module.Actor`.
    package var type: String = ""
    package var with: [TemplateMember] = []
    package var resources = ResourceSpec()
    package var maxRestarts = 0
    package var maxTaskRetries = 0
    package var maxConcurrency = 1

    /// The steps that must be done before the actor can be made, in the order of their mention.
    package internal(set) var dependencies: [String] = []
}
