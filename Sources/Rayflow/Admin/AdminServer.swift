internal import Glibc
import Journal
package import RayflowCore
package import Transport

/// Answers the command line on the session's control socket: read-only questions, and cancel.
package final class AdminServer: FrameHandler, @unchecked Sendable {
    /// Answers with JSON text, or throws what the person shall read. Called on a thread that may wait.
    package typealias Handler = @Sendable (_ verb: String, _ argument: String) throws -> String

    /// Every process that serves the protocol answers to this address.
    package static let address = Address(node: .max, entity: 1)

    private let network: any Network
    private let io: IOPool
    private let handler: Handler

    private init(network: any Network, handler: @escaping Handler) {
        self.network = network
        self.handler = handler
        // A report on memory waits for processes that do not answer: what else is asked meanwhile does not wait for that.
        io = IOPool(threads: 2)
    }

    package func receive(kind: UInt8, body: ArraySlice<UInt8>, from: Address) {
        guard case .adminRequest(let m)? = try? Message(kind: kind, body: body) else { return }
        io.run { [self] in
            let reply: AdminReply
            do { reply = AdminReply(request: m.request, json: try handler(m.verb, m.argument), error: "") } catch {
                reply = AdminReply(request: m.request, json: "", error: "\(error)")
            }
            network.loop.execute { [self] in network.send(kind: AdminReply.kind, body: reply.body, from: Self.address, to: from) }
        }
    }

    package func disconnected(_ peer: Address) {}

    /// What a client must know to speak to this cluster, in a file of the session folder that only the user can read.
    private struct Key {
        var cluster: UInt64
        var token: ClusterToken
    }
    fileprivate static func keyPath(_ session: String) -> String { session + "/admin" }

    /// Serves from now on.
    package static func start(
        on network: SocketNetwork, session: Session, handler: @escaping Handler
    ) throws {
        let server = AdminServer(network: network, handler: handler)
        var w = ByteWriter()
        w.u64(network.identity.cluster)
        w.tail(network.identity.token.bytes)
        let path = keyPath(session.path)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw RayflowError(.system, "cannot write \(path): \(String(cString: strerror(errno)))") }
        _ = w.bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        close(descriptor)
        try network.loop.sync { network.attach(address, handler: server) }
    }
}

/// The asking side.
package enum AdminClient {
    /// Asks a live process.
    ///
    /// - Parameter session: the session folder that the run's lock names.
    /// - Throws: `RayflowError` with code `system` when nobody answers in time, with code `invalidArgument` when the answer is a refusal.
    package static func ask(session: String, verb: String, argument: String = "", timeout: Duration = .seconds(5)) throws -> JSON {
        let bytes = try Files.read(AdminServer.keyPath(session), atMost: 1024)
        var r = ByteReader(bytes)
        let cluster = try r.u64()
        guard let token = ClusterToken(bytes: r.tail()) else { throw RayflowError(.corrupt, "\(AdminServer.keyPath(session)) is damaged") }
        let loop = Loop()
        defer { loop.shutdown() }
        let answer = OneShot<Result<String, RayflowError>>()
        let own = Address.process(id: .random(in: 2 ... .max), on: NodeID(.max - 1))
        let client = Client(answer)
        let network = SocketNetwork(loop: loop, identity: .init(role: .admin, cluster: cluster, token: token)) { _ in
            session + "/control.sock"
        }
        try loop.sync {
            network.attach(own, handler: client)
            network.send(
                kind: AdminRequest.kind, body: AdminRequest(request: 1, verb: verb, argument: argument).body, from: own,
                to: AdminServer.address)
            loop.scheduleTimer(after: timeout) { answer.give(.failure(RayflowError(.system, "the run's process does not answer"))) }
        }
        let result = answer.take()
        try loop.sync { network.close() }
        return try JSON.parse(try result.get())
    }

    private final class Client: FrameHandler, @unchecked Sendable {
        private let answer: OneShot<Result<String, RayflowError>>
        init(_ answer: OneShot<Result<String, RayflowError>>) { self.answer = answer }
        func receive(kind: UInt8, body: ArraySlice<UInt8>, from: Address) {
            guard case .adminReply(let m)? = try? Message(kind: kind, body: body) else { return }
            answer.give(m.error.isEmpty ? .success(m.json) : .failure(RayflowError(.invalidArgument, m.error)))
        }
        func disconnected(_ peer: Address) { answer.give(.failure(RayflowError(.system, "the run's process is gone"))) }
    }
}
