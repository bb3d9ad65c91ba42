import CLinux
import Glibc
import RayflowCore
import Testing

@testable import Transport

@Suite("The network of sockets")
struct SocketNetworkTests {
    /// Two processes; the first can reach whatever the second announces at its path.
    private func pair(_ first: Identity = identity(), _ second: Identity = identity(.worker)) throws -> (Process, Process, String) {
        let path = temporaryFolder() + "/b.sock"
        let a = Process(first) { $0.node == nodeB.value ? path : nil }
        let b = Process(second)
        return (a, b, path)
    }

    private func frames(_ bodies: [[UInt8]], kind: UInt8 = 1, from: Address = alice) -> [Mailbox.Item] {
        bodies.map { .frame(kind, $0, from) }
    }

    @Test("a first frame dials, waits for the handshake and arrives in order with those behind it")
    func onDemand() throws {
        let (a, b, path) = try pair()
        defer { a.stop(); b.stop() }
        let atAlice = try a.attach(alice)
        let atBob = try b.attach(bob)
        try b.listen(path)
        let bodies = (0..<500).map { [UInt8(truncatingIfNeeded: $0), 1] }
        try a.send(1, bodies, from: alice, to: bob)
        #expect(atBob.wait(for: 500) == frames(bodies))
        // The other direction uses the same connection: no route is needed.
        try b.send(2, [[9]], from: bob, to: alice)
        #expect(atAlice.wait(for: 1) == [.frame(2, [9], bob)])
        #expect(a.log.wait(for: 1) == ["established \(bob)"])
    }

    @Test("the frames of a turn leave together and are one batch")
    func coalescing() throws {
        let (a, b, path) = try pair()
        defer { a.stop(); b.stop() }
        _ = try a.attach(alice)
        let atBob = try b.attach(bob, recordsTurns: true)
        try b.listen(path)
        try a.send(1, [[1]], from: alice, to: bob)
        #expect(atBob.wait(for: 2) == [.frame(1, [1], alice), .turnEnded])
        try a.send(1, [[2], [3], [4]], from: alice, to: bob)
        #expect(Array(atBob.wait(for: 6)[2...]) == frames([[2], [3], [4]]) + [.turnEnded])
    }

    @Test("bulk frames of megabytes arrive whole between small ones")
    func bulk() throws {
        let (a, b, path) = try pair()
        defer { a.stop(); b.stop() }
        _ = try a.attach(alice)
        let atBob = try b.attach(bob)
        try b.listen(path)
        let chunk = [UInt8](repeating: 0x5A, count: 5 << 20)
        try a.send(1, [[1]], from: alice, to: bob)
        try a.send(0x82, [chunk, chunk], from: alice, to: bob)
        try a.send(1, [[2]], from: alice, to: bob)
        #expect(atBob.wait(for: 4) == frames([[1]]) + frames([chunk, chunk], kind: 0x82) + frames([[2]]))
    }

    @Test("an inherited socket pair works both ways at once")
    func adopted() throws {
        let (a, b, _) = try pair()
        defer { a.stop(); b.stop() }
        let atAlice = try a.attach(alice)
        let atBob = try b.attach(bob)
        let (left, right) = socketPair()
        try a.loop.sync { a.network.adopt(descriptor: left) }
        try b.loop.sync { b.network.adopt(descriptor: right) }
        #expect(a.log.wait(for: 1) == ["established \(bob)"])
        #expect(b.log.wait(for: 1) == ["established \(alice)"])
        try a.send(1, [[1]], from: alice, to: bob)
        try b.send(1, [[2]], from: bob, to: alice)
        #expect(atBob.wait(for: 1) == frames([[1]]))
        #expect(atAlice.wait(for: 1) == frames([[2]], from: bob))
    }

    @Test("a process may announce several addresses; its end is told for each, after its last frames")
    func disconnectNotice() throws {
        let (a, b, path) = try pair()
        defer { a.stop() }
        let atAlice = try a.attach(alice)
        _ = try b.attach(bob)
        _ = try b.attach(.raylet(of: nodeB))
        try b.listen(path)
        try a.send(1, [[1]], from: alice, to: bob)
        _ = b.log.wait(for: 1)
        try b.send(1, (0..<100).map { [$0] }, from: bob, to: alice)
        b.stop()
        let expected = frames((0..<100).map { [$0] }, from: bob) + [.disconnected(.raylet(of: nodeB)), .disconnected(bob)]
        #expect(atAlice.wait(for: 102) == expected)
    }

    @Test("an endpoint attached later is announced, one detached counts as disconnected")
    func announcements() throws {
        let (a, b, path) = try pair()
        defer { a.stop(); b.stop() }
        let atAlice = try a.attach(alice)
        _ = try b.attach(bob)
        try b.listen(path)
        try a.loop.sync { a.network.connect(path: path) }
        _ = b.log.wait(for: 1)
        // No route leads to this address, so that only the announcement can.
        let late = Address.process(id: 77, on: NodeID(0xC))
        let atLate = try b.attach(late)
        try b.send(1, [[1]], from: bob, to: alice)
        _ = atAlice.wait(for: 1)
        try a.send(1, [[2]], from: alice, to: late)
        #expect(atLate.wait(for: 1) == frames([[2]]))
        try b.loop.sync { b.network.detach(late) }
        #expect(atAlice.wait(for: 2).last == .disconnected(late))
    }

    @Test("frames for an address that the peer does not serve fail, others go on")
    func notServed() throws {
        let (a, b, path) = try pair()
        defer { a.stop(); b.stop() }
        let atAlice = try a.attach(alice)
        let atBob = try b.attach(bob)
        try b.listen(path)
        let nobody = Address.process(id: 99, on: nodeB)
        try a.send(1, [[1]], from: alice, to: nobody)
        try a.send(1, [[2]], from: alice, to: bob)
        #expect(atBob.wait(for: 1) == frames([[2]]))
        #expect(atAlice.wait(for: 1) == [.disconnected(nobody)])
        try a.send(1, [[3]], from: alice, to: nobody)
        #expect(atAlice.wait(for: 2) == [.disconnected(nobody), .disconnected(nobody)])
    }

    @Test("no route, no socket and nobody listening all count as disconnected")
    func unreachable() throws {
        let (a, b, path) = try pair()
        defer { a.stop(); b.stop() }
        let atAlice = try a.attach(alice)
        try a.send(1, [[1]], from: alice, to: .gcs)
        #expect(atAlice.wait(for: 1) == [.disconnected(.gcs)])
        try a.send(1, [[1], [2]], from: alice, to: bob)
        #expect(atAlice.wait(for: 2).last == .disconnected(bob))
        try b.listen(path)
        b.stop()
        try a.send(1, [[1]], from: alice, to: bob)
        #expect(atAlice.wait(for: 3).last == .disconnected(bob))
        // Sending anew tries anew.
        let c = Process(identity(.worker))
        defer { c.stop() }
        let atBob = try c.attach(bob)
        try c.listen(path)
        try a.send(1, [[4]], from: alice, to: bob)
        #expect(atBob.wait(for: 1) == frames([[4]]))
    }

    @Test(
        "both sides learn why a handshake fails",
        arguments: [
            (identity(token: ClusterToken(9, 9, 9, 9)), Refusal.Code.token), (identity(cluster: 1234), .cluster),
            (identity(digest: FunctionDigest(high: 3, low: 4)), .functions),
        ])
    func refused(first: Identity, code: Refusal.Code) throws {
        let (a, b, path) = try pair(first, identity(.worker, digest: FunctionDigest(high: 1, low: 2)))
        defer { a.stop(); b.stop() }
        let atAlice = try a.attach(alice)
        let atBob = try b.attach(bob)
        try b.listen(path)
        try a.send(1, [[1]], from: alice, to: bob)
        #expect(atAlice.wait(for: 1) == [.disconnected(bob)])
        #expect(b.log.wait(for: 1) == ["refused \(code.rawValue) here"])
        #expect(a.log.wait(for: 1) == ["refused \(code.rawValue) by peer"])
        #expect(atBob.all.isEmpty)
    }

    @Test("an address that a living process serves cannot be announced by another")
    func addressInUse() throws {
        let (a, b, path) = try pair()
        let thief = Process(identity())
        defer { a.stop(); b.stop(); thief.stop() }
        _ = try a.attach(alice)
        _ = try b.attach(bob)
        _ = try thief.attach(alice)
        try b.listen(path)
        try a.loop.sync { a.network.connect(path: path) }
        _ = a.log.wait(for: 1)
        try thief.loop.sync { thief.network.connect(path: path) }
        #expect(thief.log.wait(for: 1) == ["refused \(Refusal.Code.addressInUse.rawValue) by peer"])
    }

    @Test(
        "bytes that are no handshake are refused and nothing of the cluster is shown",
        arguments: [
            encoded(kind: 1, [1, 2, 3]), encoded(kind: 1, [], from: .link, to: .link),
            encoded(kind: 3, [0, 0, 0, 0], from: .link, to: .link),
            encoded(kind: 200, [], from: .link, to: .link), [UInt8](repeating: 0xFF, count: 64),
        ])
    func strangers(bytes: [UInt8]) throws {
        let b = Process(identity(.worker))
        defer { b.stop() }
        let atBob = try b.attach(bob)
        let path = temporaryFolder() + "/b.sock"
        try b.listen(path)
        let answer = try exchange(bytes, at: path)
        var decoder = FrameDecoder()
        answer.withUnsafeBytes { decoder.append($0) }
        let frame = try #require(try decoder.next())
        #expect(frame.kind == ControlKind.refusal.rawValue && frame.to == .link)
        let refusal = try Refusal(decoding: frame.body)
        #expect(refusal.code == .malformed)
        #expect(try decoder.next()?.kind == nil)
        #expect(atBob.all.isEmpty)
    }

    @Test("who says nothing is refused after the handshake time")
    func late() throws {
        let b = Process(identity(.worker), handshakeTime: .milliseconds(1))
        defer { b.stop() }
        let path = temporaryFolder() + "/b.sock"
        try b.listen(path)
        var decoder = FrameDecoder()
        try exchange([], at: path).withUnsafeBytes { decoder.append($0) }
        #expect(try Refusal(decoding: try #require(try decoder.next()).body).code == .late)
    }

    @Test("two that dial each other at once lose nothing and keep the order, also of the end")
    func simultaneous() throws {
        let folder = temporaryFolder()
        let paths: @Sendable (Address) -> String? = { "\(folder)/\($0.entity).sock" }
        for _ in 0..<20 {
            let a = Process(identity(), route: paths)
            let b = Process(identity(), route: paths)
            defer { a.stop() }
            let atAlice = try a.attach(alice)
            let atBob = try b.attach(bob)
            try a.listen("\(folder)/1.sock")
            try b.listen("\(folder)/2.sock")
            let bodies = (0..<200).map { [UInt8($0)] }
            a.loop.execute { for body in bodies { a.network.send(kind: 1, body: body, from: alice, to: bob) } }
            b.loop.execute { for body in bodies { b.network.send(kind: 1, body: body, from: bob, to: alice) } }
            try a.send(1, [[255]], from: alice, to: bob)
            #expect(atBob.wait(for: 201) == frames(bodies + [[255]]))
            #expect(atAlice.wait(for: 200) == frames(bodies, from: bob))
            b.stop()
            // A connection that is still being made when the peer ends may repeat the notice, but no frame follows it.
            let all = atAlice.wait(for: 201)
            #expect(Array(all.prefix(200)) == frames(bodies, from: bob))
            #expect(all.count > 200 && all[200...].allSatisfy { $0 == .disconnected(bob) })
        }
    }

    @Test("a send that finds the peer gone calls nobody before it returns, and loses nothing that the peer had sent")
    func goneWhileSending() throws {
        let a = Process()
        defer { a.stop() }
        let atAlice = try a.attach(alice)
        let (ours, theirs) = socketPair()
        let hello = Hello(identity: identity(.worker), addresses: [bob]).encoded
        let greeting = encoded(kind: ControlKind.hello.rawValue, hello, from: .link, to: .link)
        try #require(write(theirs, greeting, greeting.count) == greeting.count)
        try a.loop.sync { a.network.adopt(descriptor: ours) }
        _ = a.log.wait(for: 1)
        let last = encoded(kind: 7, [1, 2], from: bob, to: alice) + encoded(kind: 8, [3], from: bob, to: alice)
        let seen = try a.loop.sync {
            // On the loop, so that it cannot notice the end before it writes.
            _ = write(theirs, last, last.count)
            close(theirs)
            a.network.send(kind: 1, body: [1], from: alice, to: bob)
            a.network.flush()
            return atAlice.all
        }
        #expect(seen.isEmpty)
        #expect(atAlice.wait(for: 3) == [.frame(7, [1, 2], bob), .frame(8, [3], bob), .disconnected(bob)])
    }

    @Test("faults are injected by kind into what a process sends")
    func faults() throws {
        let (a, b, path) = try pair()
        defer { a.stop(); b.stop() }
        let atAlice = try a.attach(alice)
        let atBob = try b.attach(bob)
        try b.listen(path)
        try a.loop.sync {
            a.network.inject(
                FaultInjector([
                    FaultRule(.drop, kinds: [1]), FaultRule(.duplicate, kinds: [2]), FaultRule(.delay(1000...1000), kinds: [3]),
                    FaultRule(.disconnect, kinds: [9]),
                ]))
        }
        for kind in [1, 2, 3, 4] as [UInt8] { try a.send(kind, [[kind]], from: alice, to: bob) }
        let expected = [2, 2, 3, 4].map { Mailbox.Item.frame($0, [$0], alice) }
        #expect(atBob.wait(for: 4) == expected)
        try a.send(9, [[9]], from: alice, to: bob)
        #expect(atAlice.wait(for: 1) == [.disconnected(bob)])
        #expect(atBob.wait(for: 5) == expected + [.disconnected(alice)])
        try a.send(5, [[5]], from: alice, to: bob)
        #expect(atBob.wait(for: 6).last == .frame(5, [5], alice))
    }

    @Test("paths that do not fit and folders that others can enter are refused")
    func paths() throws {
        let b = Process()
        defer { b.stop() }
        let folder = temporaryFolder()
        let name = String(repeating: "x", count: TransportLimits.socketPathBytes - folder.utf8.count - 1)
        #expect(throws: TransportFault.pathTooLong("\(folder)/\(name)y")) { try b.listen("\(folder)/\(name)y") }
        chmod(folder, 0o755)
        #expect(throws: TransportFault.self) { try b.listen("\(folder)/\(name)") }
        chmod(folder, 0o700)
        try b.listen("\(folder)/\(name)")
    }

    @Test("a missing folder is made for the owner alone")
    func madeFolder() throws {
        let b = Process()
        defer { b.stop() }
        let folder = temporaryFolder() + "/session"
        try b.listen("\(folder)/b.sock")
        var status = stat()
        #expect(lstat(folder, &status) == 0 && status.st_mode & 0o777 == 0o700)
    }

    /// Writes raw bytes to a listener and reads until it closes.
    private func exchange(_ bytes: [UInt8], at path: String) throws -> [UInt8] {
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        try #require(connected == 0)
        if !bytes.isEmpty { try #require(write(descriptor, bytes, bytes.count) == bytes.count) }
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            guard count > 0 else { return answer }
            answer += chunk[..<count]
        }
    }
}
