import CLinux
import Glibc
import NIOCore
import RayflowCore
import Synchronization
@testable import Transport

/// What a test's endpoint has seen, and a way to wait for it without sleeping.
final class Mailbox: FrameHandler, @unchecked Sendable {
    enum Item: Equatable, Sendable {
        case frame(UInt8, [UInt8], Address)
        case disconnected(Address)
        case turnEnded
    }

    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var items: [Item] = []
    private let recordsTurns: Bool
    /// Runs on the loop for each frame, before it is recorded.
    var onFrame: (@Sendable (UInt8, [UInt8], Address) -> Void)?

    init(recordsTurns: Bool = false) {
        self.recordsTurns = recordsTurns
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    func receive(kind: UInt8, body: ArraySlice<UInt8>, from: Address) {
        onFrame?(kind, Array(body), from)
        add(.frame(kind, Array(body), from))
    }
    func disconnected(_ peer: Address) { add(.disconnected(peer)) }
    func turnEnded() { if recordsTurns { add(.turnEnded) } }

    private func add(_ item: Item) {
        pthread_mutex_lock(mutex)
        items.append(item)
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(mutex)
    }

    var all: [Item] {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return items
    }

    /// Everything seen, once there are `count` items. Gives up after half a minute, so that a failure does not hang the run.
    func wait(for count: Int) -> [Item] {
        var deadline = timespec()
        clock_gettime(CLOCK_REALTIME, &deadline)
        deadline.tv_sec += 30
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while items.count < count, pthread_cond_timedwait(changed, mutex, &deadline) == 0 {}
        return items
    }
}

/// Link events as text, waited for like a mailbox.
final class LinkLog: Sendable {
    private let box = Mailbox()
    var sink: @Sendable (LinkEvent) -> Void {
        { [box] event in
            let text: String
            switch event {
            case .established(let hello): text = "established \(hello.addresses.map(\.description).joined(separator: ","))"
            case .refused(let refusal, let byPeer): text = "refused \(refusal.code.rawValue) \(byPeer ? "by peer" : "here")"
            case .unreachable: text = "unreachable"
            case .closed: text = "closed"
            }
            box.receive(kind: 0, body: Array(text.utf8)[...], from: .gcs)
        }
    }
    func wait(for count: Int) -> [String] {
        box.wait(for: count).compactMap { if case .frame(_, let body, _) = $0 { String(decoding: body, as: UTF8.self) } else { nil } }
    }
}

let nodeA = NodeID(0xA)
let nodeB = NodeID(0xB)
let alice = Address.process(id: 1, on: nodeA)
let bob = Address.process(id: 2, on: nodeB)
let token = ClusterToken(1, 2, 3, 4)

func identity(
    _ role: Role = .driver, cluster: UInt64 = 7, token: ClusterToken = token, digest: FunctionDigest = .none
) -> Identity {
    Identity(role: role, cluster: cluster, token: token, digest: digest)
}

/// One simulated process with real sockets.
final class Process: Sendable {
    let loop = Loop()
    let network: SocketNetwork
    let log = LinkLog()

    init(
        _ identity: Identity = identity(), handshakeTime: Duration = TransportLimits.handshakeTime,
        route: @escaping @Sendable (Address) -> String? = { _ in nil }
    ) {
        network = SocketNetwork(loop: loop, identity: identity, handshakeTime: handshakeTime, route: route)
        network.observe(log.sink)
    }

    func attach(_ address: Address, recordsTurns: Bool = false) throws -> Mailbox {
        let box = Mailbox(recordsTurns: recordsTurns)
        try loop.sync { [network] in network.attach(address, handler: box) }
        return box
    }

    func listen(_ path: String) throws { try loop.sync { [network] in try network.listen(path: path) } }

    func send(_ kind: UInt8, _ bodies: [[UInt8]], from: Address, to: Address) throws {
        try loop.sync { [network] in for body in bodies { network.send(kind: kind, body: body, from: from, to: to) } }
    }

    private let isStopped = Mutex(false)

    /// The second time without effect.
    func stop() {
        let wasStopped = isStopped.withLock { flag in
            defer { flag = true }
            return flag
        }
        guard !wasStopped else { return }
        try? loop.sync { [network] in network.close() }
        loop.shutdown()
    }
}

private let folders = Mutex<[String]>([])

/// A fresh folder of mode 0700, short enough for socket paths, removed at the end of the run.
func temporaryFolder() -> String {
    var template = Array("/tmp/rf-XXXXXX".utf8CString)
    let folder = template.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress, let made = mkdtemp(base) else { return "/nonexistent" }
        return String(cString: made)
    }
    let isFirst = folders.withLock { all in
        all.append(folder)
        return all.count == 1
    }
    if isFirst {
        atexit {
            for folder in folders.withLock({ $0 }) {
                rmdir(folder + "/session")
                rmdir(folder)
            }
        }
    }
    return folder
}

func socketPair() -> (CInt, CInt) {
    var descriptors: [CInt] = [-1, -1]
    _ = rf_socketpair_cloexec(&descriptors)
    return (descriptors[0], descriptors[1])
}

func encoded(kind: UInt8, _ body: [UInt8], from: Address = alice, to: Address = bob) -> [UInt8] {
    var buffer = ByteBuffer()
    buffer.writeFrame(kind: kind, from: from, to: to, body: body)
    return Array(buffer.readableBytesView)
}
