package import RayflowCore

/// A view on an object that keeps its pages pinned while it lives; dropped, it lets go of them.
package final class ObjectPin: Sendable {
    /// The object's bytes, immutable; valid while the pin lives.
    package nonisolated(unsafe) let bytes: UnsafeRawBufferPointer
    package let place: ObjectPlace
    private let arena: Arena
    private let release: @Sendable () -> Void

    /// - Parameters:
    ///   - place: of a sealed object that is pinned already, by pin page or by message.
    ///   - release: undoes that pin; called once, from any thread.
    package init(_ place: ObjectPlace, in arena: Arena, release: @escaping @Sendable () -> Void) throws(ArenaError) {
        bytes = try arena.view(place)
        self.place = place
        self.arena = arena
        self.release = release
    }

    package var count: Int { bytes.count }

    deinit { release() }
}
