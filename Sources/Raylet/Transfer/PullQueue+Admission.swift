import RayflowCore

/// Whose turn it is.
extension PullQueue {
    struct Turn: Sendable {
        var object: ObjectID
        var number: UInt64
    }

    /// Puts the object at the end of the line of its kind.
    mutating func enqueue(_ object: ObjectID) {
        guard let kind = pulls[object]?.kind else { return }
        let turn = takeTurn()
        pulls[object]?.stage = .waiting
        pulls[object]?.turn = turn
        lines[Int(kind.rawValue)].append(Turn(object: object, number: turn), live: pulls.count) { [pulls] in
            pulls[$0.object]?.waits($0.number) == true
        }
    }

    mutating func setKinds(_ kinds: Set<PullKind>, of object: ObjectID) {
        guard let pull = pulls[object], pull.kinds != kinds else { return }
        pulls[object]?.kinds = kinds
        guard let kind = kinds.max(), kind != pull.kind else { return }
        if pull.isActive {
            active[Int(pull.kind.rawValue)] -= 1
            active[Int(kind.rawValue)] += 1
            if roomless[Int(pull.kind.rawValue)].remove(object) != nil { roomless[Int(kind.rawValue)].insert(object) }
        } else if pull.stage == .waiting {
            enqueue(object)
        }
    }

    /// The object is not on its way any more, whatever becomes of it.
    mutating func leave(_ object: ObjectID) {
        guard let pull = pulls[object] else { return }
        asked.remove(object)
        roomless[Int(pull.kind.rawValue)].remove(object)
        guard pull.isActive else { return }
        activeBytes -= pull.size
        active[Int(pull.kind.rawValue)] -= 1
        pulls[object]?.stage = .waiting
    }

    /// Starts the longest stretch from the front of the line that fits. Nobody overtakes.
    mutating func admit(into out: inout [PullDirective]) {
        while let object = front(), let pull = pulls[object] {
            if activeBytes + pull.size > limitBytes { putBack(for: pull, into: &out) }
            let fits = activeBytes + pull.size <= limitBytes
            let isFirst = active[Int(pull.kind.rawValue)...].allSatisfy { $0 == 0 }
            guard fits || isFirst else { return }
            lines[Int(pull.kind.rawValue)].removeFirst()
            activeBytes += pull.size
            active[Int(pull.kind.rawValue)] += 1
            pulls[object]?.stage = .room
            roomless[Int(pull.kind.rawValue)].insert(object)
            out.append(.makeRoom(object, size: pull.size, owner: pull.owner))
        }
    }

    private mutating func front() -> ObjectID? {
        for kind in lines.indices.reversed() {
            while let turn = lines[kind].first {
                if pulls[turn.object]?.waits(turn.number) == true { return turn.object }
                lines[kind].removeFirst()
            }
        }
        return nil
    }

    /// Less urgent ones that have no room yet have lost nothing when they wait again: the least urgent first, of these the last, until there is
    /// place for this one.
    private mutating func putBack(for pull: PullEntry, into out: inout [PullDirective]) {
        for kind in 0..<Int(pull.kind.rawValue) where !roomless[kind].isEmpty {
            var back: [ObjectID] = []
            for object in roomless[kind].sorted(by: { (pulls[$0]?.turn ?? 0) > (pulls[$1]?.turn ?? 0) }) {
                guard activeBytes + pull.size > limitBytes else { break }
                back.append(object)
                leave(object)
            }
            guard !back.isEmpty else { return }
            out.append(.putBack(back))
            let turns = back.reversed().map { Turn(object: $0, number: takeTurn()) }
            for turn in turns { pulls[turn.object]?.turn = turn.number }
            lines[kind].prepend(turns)
        }
    }
}
