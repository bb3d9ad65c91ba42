package import RayflowCore

extension ErrorRecord {
    /// The record of what a body threw.
    ///
    /// A failure of something that the body waited for keeps its own facts, so that the first place of failure is named; the user's own error
    /// goes with its value if its type is registered.
    package init(
        thrown error: any Error, registry: Registry, task: String, attempt: Int, node: String?, log: String? = nil
    ) {
        switch error {
        case let error as RayflowError:
            let typed = (error.cause as? any RemoteError).flatMap { Self.encode($0, registry) }
            self.init(error, typed: typed)
            if self.task == nil {
                self.task = task
                self.attempt = attempt
                self.node = node
                self.log = log
            }
        case is CancellationError:
            self.init(.cancelled, "the body ended with CancellationError", task: task, attempt: attempt, node: node, log: log)
        default:
            self.init(
                .taskFailed, "\(error)", task: task, attempt: attempt, node: node, remoteType: TypeTags.tag(ofInstance: error), log: log,
                typed: (error as? any RemoteError).flatMap { Self.encode($0, registry) })
        }
    }

    private static func encode<E: RemoteError>(_ error: E, _ registry: Registry) -> Payload? {
        registry.isRegistered(E.self) ? try? Payload(encoding: error) : nil
    }
}
