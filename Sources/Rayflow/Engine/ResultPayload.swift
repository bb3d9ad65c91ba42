package import RayflowCore

/// What a body gave back, encoded.
package enum ResultPayload: Sendable {
    /// One payload for each result.
    case values([Payload])
    /// The result is whatever this object becomes; `hold` keeps it referenced until the engine has taken note.
    case forward(ObjectID, hold: any AnyObject & Sendable)
}
