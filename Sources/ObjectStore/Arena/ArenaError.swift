package import RayflowCore

/// Why shared memory could not be had, or was refused.
package enum ArenaError: Error, Sendable, Hashable {
    /// A system call failed; `code` is its errno.
    case system(call: String, code: Int32)
    case badGeometry(String)
    /// The descriptor is not a memfd whose size is sealed: its pages could vanish under a reader.
    case notSealed(String)
    case wrongMagic
    case wrongVersion(UInt32)
    /// The pages belong to another session.
    case wrongNonce
    /// The size of a memfd is not what the header says.
    case wrongSize(String, expected: Int, found: Int)
    /// A place that does not lie in this arena.
    case outOfBounds(ObjectPlace)
    /// Populating would leave too little memory, in bytes.
    case notEnoughMemory(needed: Int, available: Int)
    /// All pin pages are taken.
    case noPinPage(limit: Int)
    case noSuchPinPage(Int)
}

extension ArenaError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .system(let call, let code): "\(call) failed: \(errorText(code))"
        case .badGeometry(let what): "an arena cannot have \(what)"
        case .notSealed(let what): "the \(what) descriptor is not a memfd of sealed size"
        case .wrongMagic: "the control descriptor holds no control pages"
        case .wrongVersion(let version): "the control pages have version \(version), this program reads \(ControlLayout.version)"
        case .wrongNonce: "the shared memory belongs to another session"
        case .wrongSize(let what, let expected, let found): "the \(what) memfd has \(found) bytes instead of \(expected)"
        case .outOfBounds(let place): "\(place.size) bytes at \(place.offset) do not lie in the arena"
        case .notEnoughMemory(let needed, let available):
            "\(needed) more bytes of shared memory are needed, but only \(available) bytes of memory are available"
        case .noPinPage(let limit): "all \(limit) pin pages are taken"
        case .noSuchPinPage(let index): "there is no pin page \(index)"
        }
    }
}
