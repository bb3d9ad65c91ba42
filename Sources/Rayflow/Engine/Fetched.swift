package import RayflowCore

/// What an object turned out to be.
package enum Fetched: Sendable {
    case payload(Payload)
    case mapped(MappedObject)
    case failed(ErrorRecord)
}
