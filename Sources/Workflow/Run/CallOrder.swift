package import RayflowCore

/// One attempt of a `call` or actor step, evaluated; references stand in `with` as they are.
package struct CallOrder: Sendable, Hashable {
    package enum Target: Sendable, Hashable {
        case function(String)
        case method(actor: String, typeName: String, String)
    }

    package var position: String
    /// From 1, over all epochs.
    package var attempt: Int
    package var target: Target
    package var with: ValueObject
    /// Variables of the worker that runs a function; of a method none, since its actor has its process already.
    package var environment: [String: String] = [:]
    package var resources: ResourceSet
    /// Steps on the longest path from this one to the exit of the graph, itself counted.
    package var pathLength: UInt32 = 1
    package var timeout: Duration?
    package var fingerprint: Digest128

    /// The position alone for the first attempt: then a call is the same call in every epoch.
    package var key: String { attempt == 1 ? position : StepPosition.attempt(position, attempt) }
}
