/// What a process says about itself in every handshake.
package struct Identity: Sendable {
    package var role: Role
    /// Nonce of the cluster: a process of another one is refused.
    package var cluster: UInt64
    /// Nonce of this process, so that two connections of one peer are recognised as such.
    package var instance: UInt64
    package var digest: FunctionDigest
    package var token: ClusterToken

    package init(
        role: Role, cluster: UInt64, token: ClusterToken, digest: FunctionDigest = .none, instance: UInt64 = .random(in: 1 ... .max)
    ) {
        self.role = role
        self.cluster = cluster
        self.instance = instance
        self.digest = digest
        self.token = token
    }
}
