package import RayflowCore

// A GCS that starts where another has stopped.
extension GCSInstance {
    /// The epoch of the GCS that starts on this store: one more than that of the last.
    package static func nextEpoch(of contents: StoreContents) throws(RayflowError) -> UInt32 {
        guard let bytes = contents[.meta][epochKey] else { return 1 }
        var r = ByteReader(bytes)
        do { return try r.u32() &+ 1 } catch { throw damaged(error) }
    }

    private static let epochKey = Array("epoch".utf8)

    /// The first event of an instance made with ``nextEpoch(of:)``: loads the tables and records the epoch.
    ///
    /// Members and drivers of before are awaited for ``Limits/reconnectNS``. Who comes back says what it keeps; from that follows what is lost,
    /// what is given back and what goes on.
    /// - Throws: `corrupt`.
    package mutating func restore(_ contents: StoreContents, now: UInt64, into out: inout [GCSDirective]) throws(RayflowError) {
        var directives: [GCSDirective] = []
        do {
            try nodes.restore(contents[.node], into: &directives)
            try jobs.restore(contents[.job], into: &directives)
            try workers.restore(contents[.worker])
            try functions.restore(contents[.function])
            try keyValues.restore(contents[.keyValue])
            try placementGroups.restore(contents[.placementGroup], nodes: &nodes, into: &directives)
            try actors.restore(contents[.actor], specs: contents[.actorSpec], into: &directives)
        } catch { throw Self.damaged(error) }
        let epoch = epoch
        if isStored {
            out.append(.persist([StoreChange(table: .meta, key: Self.epochKey, value: RowKey.of { $0.u32(epoch) })]))
        }
        event(into: &out) { $1 += directives }
    }

    private static func damaged(_ fault: DecodingFault) -> RayflowError {
        RayflowError(.corrupt, "the stored tables of the GCS cannot be read (\(fault)): start it with an empty store, or restore a copy")
    }
}
