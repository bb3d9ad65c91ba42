internal import CLinux
internal import Glibc
import Raylet

/// Tells when child processes end: one thread that polls their pidfds. Never signals, never `waitpid(-1)`.
final class ProcessWatcher: @unchecked Sendable {
    private let lock = Lock()
    private var watched: [(process: SpawnedProcess, body: @Sendable (ProcessOutcome) -> Void)] = []
    private let wakeup = rf_eventfd()
    private var isRunning = false
    private var isEnding = false

    /// `body` is called once, on the watcher's thread.
    func watch(_ process: SpawnedProcess, _ body: @escaping @Sendable (ProcessOutcome) -> Void) {
        let mustStart = lock.withLock {
            watched.append((process, body))
            defer { isRunning = true }
            return !isRunning
        }
        if mustStart { Thread.start(name: "rayflow-watch") { [self] in run() } }
        var one: UInt64 = 1
        _ = write(wakeup, &one, 8)
    }

    /// Its thread ends when nothing is watched any more. Nothing may be watched after this.
    func end() {
        let isRunning = lock.withLock {
            isEnding = true
            return self.isRunning
        }
        if !isRunning { return }
        var one: UInt64 = 1
        _ = write(wakeup, &one, 8)
    }

    deinit { close(wakeup) }

    private func run() {
        while true {
            let (current, isOver) = lock.withLock { (watched.map(\.process), isEnding && watched.isEmpty) }
            if isOver { return }
            var polled = [pollfd(fd: wakeup, events: Int16(POLLIN), revents: 0)]
            polled += current.map { pollfd(fd: $0.pidfd, events: Int16(POLLIN), revents: 0) }
            guard poll(&polled, nfds_t(polled.count), -1) > 0 else { continue }
            if polled[0].revents != 0 {
                var count: UInt64 = 0
                _ = read(wakeup, &count, 8)
            }
            for (index, process) in current.enumerated() where polled[index + 1].revents != 0 {
                guard let outcome = process.reap() else { continue }
                close(process.pidfd)
                let body = lock.withLock { () -> (@Sendable (ProcessOutcome) -> Void)? in
                    guard let at = watched.firstIndex(where: { $0.process == process }) else { return nil }
                    return watched.remove(at: at).body
                }
                body?(outcome)
            }
        }
    }
}
