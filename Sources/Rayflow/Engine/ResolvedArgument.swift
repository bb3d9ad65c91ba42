package import RayflowCore

/// An argument on the executing side, where every dependency has become a value.
package indirect enum ResolvedArgument: Sendable {
    case payload(Payload)
    case mapped(MappedObject)
    /// The parts of one array, in order.
    case gather([ResolvedArgument])
}
