import RayflowCore

/// A peer whose connection broke: its process is gone, or only what was under way.
struct Doubt: Sendable {
    /// Connections that broke since it was last heard of.
    var broken = 1
    /// It is asked again when the timer fires. Until then a break tells nothing new: one may be told twice.
    var isPausing = true
}

// A frame is lost only with its connection. Then what was asked is asked again: a repeated request gets the same answer, and who cannot be
// reached several times in a row is gone.
extension OwnerInstance {
    /// The connection to a peer that owes something broke.
    /// - Returns: whether the peer counts as gone; else it is asked again after a pause.
    private mutating func isGone(_ peer: Address, into out: inout [OwnerDirective]) -> Bool {
        guard var doubt = doubts[peer] else {
            doubts[peer] = Doubt()
            out.append(.startTimer(.askPeerAgain(peer), afterNS: Limits.askAgainNS))
            return false
        }
        if doubt.isPausing { return false }
        guard doubt.broken < Limits.brokenInARow - 1 else {
            doubts[peer] = nil
            return true
        }
        doubt.broken += 1
        doubt.isPausing = true
        doubts[peer] = doubt
        out.append(.startTimer(.askPeerAgain(peer), afterNS: Limits.askAgainNS))
        return false
    }

    mutating func heard(_ peer: Address) {
        guard let doubt = doubts[peer] else { return }
        if doubt.isPausing { doubts[peer]?.broken = 0 } else { doubts[peer] = nil }
    }

    mutating func askPeerAgain(_ peer: Address, into out: inout [OwnerDirective]) {
        let questions = self.questions(to: peer)
        for (request, id) in questions { out.append(.send(.getObject(GetObject(request: request, object: id)), to: peer)) }
        let unsure = leases(of: peer)
        for id in unsure { out.append(.send(.returnLease(ReturnLease(lease: id, workerFailed: true)), to: peer)) }
        let claimed = claims.askAgain(peer)
        if let claimed { out.append(.send(.addBorrower(claimed), to: peer)) }
        if questions.isEmpty, unsure.isEmpty, claimed == nil { doubts[peer] = nil } else { doubts[peer]?.isPausing = false }
    }

    // MARK: Owners of borrowed objects

    private func questions(to peer: Address) -> [(key: UInt64, value: ObjectID)] {
        openRequests.filter { objects[$0.value]?.owner == peer }.sorted { $0.key < $1.key }
    }

    /// The question or its answer may be lost.
    mutating func questionsLost(_ peer: Address, into out: inout [OwnerDirective]) {
        let lost = questions(to: peer)
        guard !lost.isEmpty || claims.hasClaims(of: peer), isGone(peer, into: &out) else { return }
        for (request, id) in lost {
            openRequests[request] = nil
            finish(id, .failed(ErrorRecord(RayflowError(.ownerDied, "the process that owned object \(id) is gone"))), into: &out)
        }
        let (orphans, done) = claims.ownerGone(peer)
        for id in orphans where id.handledActor == nil {
            finish(id, .failed(ErrorRecord(.ownerDied, "the process that owned object \(id) is gone")), into: &out)
        }
        goOn(done, into: &out)
    }

    // MARK: Raylets

    /// Granted by that raylet and not reported as lost.
    private func leases(of raylet: Address) -> [LeaseID] {
        leases.filter { $0.value.raylet == raylet && $0.value.worker != nil && $0.value.whyGivenUp != nil }.map(\.key).sorted {
            $0.number < $1.number
        }
    }

    /// The connection to a raylet broke. What was asked of it is asked at home. It ends the workers that it had granted, as it does when an
    /// owner is gone, and says when they are: until then no next attempt may begin. A node that cannot be reached is gone with its workers.
    mutating func rayletLost(_ raylet: Address, now: UInt64, into out: inout [OwnerDirective]) {
        nodeLost(raylet.nodeID, into: &out)
        let error = ErrorRecord(RayflowError(.workerCrashed, "node \(raylet.nodeID) is gone, or the connection to it broke"))
        var granted: [LeaseID] = []
        for (id, lease) in leases.filter({ $0.value.raylet == raylet }).sorted(by: { $0.key.number < $1.key.number }) {
            if lease.worker == nil {
                // The home raylet may not know yet, and name that node again: it is asked after a pause, not in a circle.
                leases[id]?.raylet = self.raylet
                out.append(.startTimer(.askAgain(id), afterNS: Limits.askAgainNS))
            } else if lease.tasks.isEmpty, lease.whyGivenUp == nil {
                forgetIdle(id)
            } else {
                granted.append(id)
            }
        }
        guard !granted.isEmpty else { return }
        if raylet == self.raylet || isGone(raylet, into: &out) {
            copiesLost(on: raylet.nodeID)
            for id in granted {
                guard let worker = leases[id]?.worker else { continue }
                leaseLost(LeaseLost(lease: id, worker: worker, error: error), now: now, into: &out)
            }
        } else {
            for id in granted {
                leases[id]?.isSlow = true
                if leases[id]?.whyGivenUp == nil { leases[id]?.whyGivenUp = error }
            }
        }
    }
}
