import CLinux
import Dispatch
import Glibc
import Synchronization

/// SIGINT and SIGTERM while a run goes on: the first asks it to stop, the second ends this process at once.
enum StopSignals {
    // A handler may run on any thread at any moment: it touches atomics and write(2), nothing else.
    private static let first = Atomic<Int32>(0)
    private static let pipeEnd = Atomic<Int32>(-1)

    /// The first signal that came; nil while there is none.
    static var received: Int32? {
        let signal = first.load(ordering: .acquiring)
        return signal == 0 ? nil : signal
    }

    /// The status of a process that a signal has stopped.
    static func status(_ signal: Int32) -> Int32 { 128 + signal }

    /// - Parameter onFirst: called once, on a queue of its own, with the signal.
    static func watch(_ onFirst: @escaping @Sendable (Int32) -> Void) -> Watch? {
        var ends: [Int32] = [-1, -1]
        guard rf_pipe_cloexec(&ends) == 0 else { return nil }
        let (reader, writer) = (ends[0], ends[1])
        // Both are made before a handler can look at them.
        first.store(0, ordering: .releasing)
        pipeEnd.store(writer, ordering: .releasing)
        let source = DispatchSource.makeReadSource(fileDescriptor: reader, queue: DispatchQueue(label: "rayflow.signals"))
        source.setEventHandler {
            var byte: UInt8 = 0
            guard read(reader, &byte, 1) == 1 else { return }
            onFirst(Int32(byte))
        }
        source.resume()
        install()
        return Watch(source)
    }

    /// Keeps the source alive.
    final class Watch: Sendable {
        private nonisolated(unsafe) let source: any DispatchSourceRead
        init(_ source: any DispatchSourceRead) { self.source = source }
    }

    private static func install() {
        for number in [SIGINT, SIGTERM] {
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { StopSignals.handle($0) }
            action.sa_flags = SA_RESTART
            sigaction(number, &action, nil)
        }
    }

    /// From here on a signal ends this process, also one that came before.
    static func release() {
        for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
        if let number = received { raise(number) }
    }

    private static func handle(_ number: Int32) {
        let error = errno
        defer { errno = error }
        guard first.compareExchange(expected: 0, desired: number, ordering: .acquiringAndReleasing).exchanged else {
            _exit(128 + number)
        }
        var byte = UInt8(truncatingIfNeeded: number)
        _ = write(pipeEnd.load(ordering: .acquiring), &byte, 1)
    }
}
