internal import CLinux
internal import Glibc
internal import RayflowCore

/// The runner's end of the socket to the engine: never blocks, buffers what the engine does not take yet.
struct EngineSocket {
    private let descriptor: Int32
    private(set) var isOpen = true
    private var frames = StepFrames()
    private var outgoing = ByteWriter()
    private var sent = 0

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        _ = rf_fcntl_int(descriptor, F_SETFL, rf_fcntl_int(descriptor, F_GETFL, 0) | O_NONBLOCK)
        _ = rf_fcntl_int(descriptor, F_SETFD, FD_CLOEXEC)
    }

    private var unsent: Int { outgoing.count - sent }

    /// What to wait for. With too much unsent no more commands are read, so reports cannot pile up.
    var poll: pollfd {
        guard isOpen else { return pollfd(fd: -1, events: 0, revents: 0) }
        var events: Int16 = 0
        if unsent < StepRunnerLimits.outgoingBytes { events |= Int16(POLLIN) }
        if unsent > 0 { events |= Int16(POLLOUT) }
        return pollfd(fd: descriptor, events: events, revents: 0)
    }

    /// Reads what is there. False when the other end is closed.
    mutating func receive() -> Bool {
        var total = 0
        while total < StepRunnerLimits.readBytesPerTurn {
            let count = withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 8) { buffer in
                let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
                if count > 0 { frames.append(buffer[..<count]) }
                return count
            }
            if count == 0 { return false }
            if count < 0 {
                if errno == EINTR { continue }
                return errno == EAGAIN
            }
            total += count
            if count < 64 << 10 { break }
        }
        return true
    }

    mutating func nextCommand() throws(DecodingFault) -> StepCommand? {
        guard let body = try frames.next() else { return nil }
        return try StepCommand(body: body)
    }

    mutating func send(_ report: StepReport) {
        if isOpen { report.encode(into: &outgoing) }
    }

    /// Writes as much as the kernel takes. False when the other end is closed.
    mutating func flush() -> Bool {
        while isOpen, unsent > 0 {
            let count = outgoing.bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count < 0 {
                if errno == EINTR { continue }
                if errno != EAGAIN { return false }
                break
            }
            sent += count
        }
        if unsent == 0 || sent > StepRunnerLimits.outgoingBytes {
            outgoing = ByteWriter(continuing: Array(outgoing.bytes[sent...]))
            sent = 0
        }
        return true
    }

    /// The last reports before the process ends: waits for an engine that reads, for as long as one second without progress.
    mutating func drain() {
        while isOpen, flush(), unsent > 0 {
            var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            if Glibc.poll(&room, 1, 1000) <= 0 { return }
        }
    }

    mutating func shut() {
        guard isOpen else { return }
        isOpen = false
        close(descriptor)
    }
}
