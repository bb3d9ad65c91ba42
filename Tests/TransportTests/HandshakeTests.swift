import RayflowCore
import Testing

@testable import Transport

@Suite("The handshake")
struct HandshakeTests {
    @Test("its bytes are fixed")
    func golden() throws {
        let identity = Identity(
            role: .worker, cluster: 0x11, token: token, digest: FunctionDigest(high: 0x33, low: 0x44), instance: 0x22)
        let bytes = Hello(identity: identity, addresses: [Address(node: 5, entity: 6)]).encoded
        func word(_ low: UInt8) -> [UInt8] { [low, 0, 0, 0, 0, 0, 0, 0] }
        let expected: [UInt8] =
            Array("RAYF".utf8) + [1, 0, 2] + word(0x11) + word(0x22) + word(0x33) + word(0x44) + word(1) + word(2) + word(3) + word(4)
            + [1, 0, 0, 0] + word(5) + word(6)
        #expect(bytes == expected)
        let back = try Hello(decoding: bytes[...])
        #expect(back.identity.role == .worker && back.identity.cluster == 0x11 && back.identity.instance == 0x22)
        #expect(back.addresses == [Address(node: 5, entity: 6)])
    }

    @Test(
        "what differs is told",
        arguments: [
            (identity(token: ClusterToken(1, 2, 3, 5)), Refusal.Code.token), (identity(cluster: 8), .cluster),
            (identity(digest: FunctionDigest(high: 1, low: 2)), .functions),
        ])
    func mismatch(peer: Identity, code: Refusal.Code) {
        let local = identity(digest: FunctionDigest(high: 1, low: 1))
        #expect(Hello(identity: peer, addresses: []).refusal(by: local)?.code == code)
    }

    @Test("a process without functions fits any")
    func noFunctions() {
        let local = identity(digest: FunctionDigest(high: 1, low: 1))
        #expect(Hello(identity: identity(), addresses: []).refusal(by: local) == nil)
        #expect(Hello(identity: local, addresses: []).refusal(by: identity()) == nil)
    }

    @Test("a wrong token is told before a wrong cluster, which a stranger need not know")
    func tokenFirst() {
        let stranger = identity(cluster: 99, token: ClusterToken(0, 0, 0, 0))
        #expect(Hello(identity: stranger, addresses: []).refusal(by: identity())?.code == .token)
    }

    @Test(
        "other magic, version and role are refused by name",
        arguments: [
            (0, Refusal.Code.magic), (4, .version), (6, .role),
        ])
    func broken(offset: Int, code: Refusal.Code) throws {
        var bytes = Hello(identity: identity(), addresses: []).encoded
        bytes[offset] = 0xEE
        let refusal = #expect(throws: Refusal.self) { try Hello(decoding: bytes[...]) }
        #expect(refusal?.code == code)
    }

    @Test("every cut and any surplus is malformed")
    func cuts() {
        let bytes = Hello(identity: identity(), addresses: [alice]).encoded
        for count in 0..<bytes.count { #expect(throws: Refusal.self) { try Hello(decoding: bytes[..<count]) } }
        #expect(throws: Refusal.self) { try Hello(decoding: (bytes + [0])[...]) }
    }

    @Test("more addresses than the limit are refused")
    func tooManyAddresses() throws {
        let some = (0..<UInt64(TransportLimits.announcedAddresses)).map { Address(node: 1, entity: $0) }
        #expect(try Hello(decoding: Hello(identity: identity(), addresses: some).encoded[...]).addresses == some)
        #expect(throws: Refusal.self) { try Hello(decoding: Hello(identity: identity(), addresses: some + [alice]).encoded[...]) }
    }

    @Test("a refusal survives its own encoding, cut to the limit")
    func refusal() throws {
        let refusal = Refusal(.cluster, "why")
        #expect(refusal.encoded == [4, 3, 0, 0, 0] + Array("why".utf8))
        #expect(try Refusal(decoding: refusal.encoded[...]) == refusal)
        let long = Refusal(.cluster, String(repeating: "é", count: 3000))
        #expect(try Refusal(decoding: long.encoded[...]).text.utf8.count <= TransportLimits.refusalTextBytes + 2)
        #expect(throws: DecodingFault.self) { try Refusal(decoding: [1, 200, 0, 0, 0]) }
    }

    @Test("a token is 32 bytes and does not print itself")
    func tokens() {
        let bytes = [UInt8](1...32)
        #expect(ClusterToken(bytes: bytes)?.bytes == bytes)
        #expect(ClusterToken(bytes: bytes.dropLast()) == nil)
        #expect("\(ClusterToken(bytes: bytes).map { "\($0)" } ?? "")" == "(secret)")
        for index in 0..<32 {
            var other = bytes
            other[index] ^= 1
            #expect(ClusterToken(bytes: bytes)?.matches(ClusterToken(bytes: other) ?? token) == false)
        }
    }
}
