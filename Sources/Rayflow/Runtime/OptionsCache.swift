import RayflowCore

/// The shared form of options that were used lately: most submissions repeat theirs. Callable from any thread.
final class OptionsCache<Options: Equatable & Sendable>: @unchecked Sendable {
    private static var limit: Int { 8 }
    private let lock = Lock()
    private var recent: [(options: Options, shared: SharedOptions)] = []

    /// - Parameter options: without what is a matter of one submission only, like its key.
    func shared(_ options: Options, _ make: () throws(RayflowError) -> SharedOptions) throws(RayflowError) -> SharedOptions {
        let known = lock.withLock { recent.first(where: { $0.options == options })?.shared }
        if let known { return known }
        let made = try make()
        lock.withLock {
            if recent.count == Self.limit { recent.removeFirst() }
            recent.append((options, made))
        }
        return made
    }
}
