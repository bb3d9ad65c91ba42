import RayflowCore

/// The options of one call of an actor.
public struct CallOptions: Sendable, Hashable {
    package var timeout: Duration?
    /// nil: as the actor says.
    package var maxTaskRetries: Int?
    package var retryErrors: RetryErrors?
    /// nil: the group in which the method is declared.
    package var group: String?
    package var key: String?
    package init() {}

    package func apply(to spec: inout SpecOptions) throws(RayflowError) {
        spec.maxRetries = SpecOptions.asActor
        if let maxTaskRetries {
            guard maxTaskRetries >= -1 else { throw RayflowError(.invalidArgument, "maxTaskRetries: \(maxTaskRetries) is less than -1") }
            spec.maxRetries = Int32(clamping: maxTaskRetries)
        }
        if let retryErrors { spec.retryRule = retryErrors.rule }
        if let timeout { spec.timeoutMS = try timeout.wholeMilliseconds(option: "timeout") }
        if let group, !group.isEmpty { spec.groups = [CallGroup(name: group)] }
    }
}
