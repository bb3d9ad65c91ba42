/// The options of one call of an actor.
public struct CallOptions: Sendable {
    package var timeout: Duration?
    /// nil: as the actor says.
    package var maxTaskRetries: Int?
    package var key: String?
    package init() {}
}
