import RayflowCore

/// The shared form of options that were used lately: most submissions repeat theirs. Callable from any thread.
final class OptionsCache: @unchecked Sendable {
    private static let limit = 8
    private let lock = Lock()
    private var recent: [(options: TaskOptions, shared: SharedOptions)] = []

    func options(
        for options: TaskOptions, _ make: (TaskOptions) throws(RayflowError) -> SharedOptions
    ) throws(RayflowError) -> SharedOptions {
        // A matter of the submission's own.
        var options = options
        options.key = nil
        options.pathLength = 0
        let wanted = options
        let known = lock.withLock { recent.first(where: { $0.options == wanted })?.shared }
        if let known { return known }
        let made = try make(options)
        let entry = (options, made)
        lock.withLock {
            if recent.count == Self.limit { recent.removeFirst() }
            recent.append(entry)
        }
        return made
    }
}
