package import RayflowCore

/// Room for one object, written in place. Exactly one of `seal` and `abandon` is called, once.
package protocol PutBuffer: AnyObject {
    /// The whole object, header included, aligned to ``ObjectLayout/alignment``. Its content is undefined until it is written.
    var memory: UnsafeMutableRawBufferPointer { get }
    /// Makes the first `byteCount` bytes an immutable object. The id comes with one count, as from `put`.
    func seal(byteCount: Int) throws(RayflowError) -> ObjectID
    func abandon()
}
