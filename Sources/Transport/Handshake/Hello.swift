package import RayflowCore

/// The first frame of each side: u32 magic, u16 version, u8 role, u64 cluster, u64 instance, 2 × u64 digest, 32 bytes token, addresses.
///
/// Magic and version keep their places in all versions, so that processes of different versions can tell each other why they part.
package struct Hello: Sendable {
    /// "RAYF" as bytes.
    package static let magic: UInt32 = 0x4659_4152
    package static let version: UInt16 = 1

    package var identity: Identity
    package var addresses: [Address]

    package init(identity: Identity, addresses: [Address]) {
        self.identity = identity
        self.addresses = addresses
    }

    package var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 83 + 16 * addresses.count)
        writer.u32(Self.magic)
        writer.u16(Self.version)
        writer.u8(identity.role.rawValue)
        writer.u64(identity.cluster)
        writer.u64(identity.instance)
        writer.u64(identity.digest.high)
        writer.u64(identity.digest.low)
        writer.tail(identity.token.bytes)
        writer.addresses(addresses)
        return writer.bytes
    }

    /// Throws the refusal that the peer shall read.
    package init(decoding body: ArraySlice<UInt8>) throws(Refusal) {
        var reader = ByteReader(body)
        do {
            let magic = try reader.u32()
            guard magic == Self.magic else { throw Refusal(.magic, "not a rayflow process") }
            let version = try reader.u16()
            guard version == Self.version else {
                throw Refusal(.version, "protocol version \(version) meets version \(Self.version): use the same build on both sides")
            }
            let number = try reader.u8()
            guard let role = Role(rawValue: number) else { throw Refusal(.role, "unknown role \(number)") }
            let cluster = try reader.u64()
            let instance = try reader.u64()
            let digest = FunctionDigest(high: try reader.u64(), low: try reader.u64())
            let secret = try reader.slice(ClusterToken.byteCount)
            guard let token = ClusterToken(bytes: secret) else { throw Refusal(.malformed, "token of \(secret.count) bytes") }
            identity = Identity(role: role, cluster: cluster, token: token, digest: digest, instance: instance)
            addresses = try reader.addresses()
            try reader.finish()
        } catch let refusal as Refusal {
            throw refusal
        } catch {
            throw Refusal(.malformed, "handshake: \(error)")
        }
    }

    /// Why `local` cannot work with this peer, or nil. The token is judged before anything that would tell a stranger about us.
    func refusal(by local: Identity) -> Refusal? {
        guard local.token.matches(identity.token) else { return Refusal(.token, "the cluster token does not match") }
        guard local.cluster == identity.cluster else {
            return Refusal(.cluster, "cluster \(hex(identity.cluster)) meets cluster \(hex(local.cluster))")
        }
        guard local.digest.fits(identity.digest) else {
            return Refusal(.functions, "the registered functions differ: both processes must be the same program")
        }
        return nil
    }
}

extension ByteWriter {
    mutating func addresses(_ values: [Address]) { list(values) { writer, value in writer.address(value) } }
}

extension ByteReader {
    mutating func addresses() throws(DecodingFault) -> [Address] {
        let at = offset
        let count = try length(unit: 16)
        guard count <= TransportLimits.announcedAddresses else { throw DecodingFault("\(count) addresses of one peer", at: at) }
        var values: [Address] = []
        for _ in 0..<count { values.append(try address()) }
        return values
    }
}
