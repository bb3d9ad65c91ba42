package import RayflowCore

// Submitting at the pace at which tasks end.
extension OwnerInstance {
    /// Whether a further submission should wait for `gate`, an object that is finished when there is room; one reference is the caller's.
    ///
    /// Room is half of the limit, so that a driver that was stopped submits a good number before it stops again.
    package mutating func mustWait(for gate: ObjectID) -> Bool {
        guard tasks.count > pendingTaskLimit / 2 else { return false }
        var entry = ObjectEntry(owner: address, lineage: .none)
        entry.localRefs = 1
        objects[gate] = entry
        gates.append(gate)
        return true
    }

    mutating func openGates(into out: inout [OwnerDirective]) {
        guard tasks.count <= pendingTaskLimit / 2 else { return }
        let open = gates
        gates = []
        for gate in open { finish(gate, .inline(EnclosedPayload(Payload(type: "", bytes: []))), into: &out) }
    }
}
