import Glibc

/// A thread for work that may block, which ends by itself.
enum BackgroundThread {
    private final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Runs `body` here when there is no thread to be had.
    static func start(_ body: @escaping @Sendable () -> Void) {
        let box = Unmanaged.passRetained(Box(body))
        var handle = pthread_t()
        let error = pthread_create(
            &handle, nil,
            { raw in
                if let raw { Unmanaged<Box>.fromOpaque(raw).takeRetainedValue().body() }
                return nil
            }, box.toOpaque())
        guard error == 0 else { return box.takeRetainedValue().body() }
        pthread_detach(handle)
    }
}
