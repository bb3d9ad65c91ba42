import ObjectStore
package import RayflowCore

/// What has happened since the raylet started.
package struct PullCounters: Hashable, Sendable {
    /// Requests to other nodes.
    package var asked: UInt64 = 0
    package var arrived: UInt64 = 0
    package var failed: UInt64 = 0
    package var cancelled: UInt64 = 0
    /// Wants that made an object more urgent than it was.
    package var upgraded: UInt64 = 0
    /// Times that a busy node named others.
    package var redirected: UInt64 = 0
    /// Chunks that came damaged.
    package var faulty: UInt64 = 0
    /// Times that all sources had refused.
    package var paused: UInt64 = 0
}

/// An object that is wanted on a node, for status output.
package struct PullRow: Hashable, Sendable {
    package enum State: String, Hashable, Sendable { case waiting, room, coming, pausing, writing }
    package var object: ObjectID
    package var kind: PullKind
    package var state: State
    package var size: Int
    package var source: NodeID?
    /// Chunks that have come, of so many.
    package var chunks: Int
    package var chunkCount: Int
}

/// What of objects goes to a node and from it.
package struct TransferSnapshot: Hashable, Sendable {
    package var wanted: [PullRow]
    package var sent: [PushRow]
    package var pulls: PullCounters
    package var pushes: PushCounters

    package init(_ pulls: PullQueue, _ pushes: PushQueue) {
        wanted = pulls.rows()
        sent = pushes.rows()
        self.pulls = pulls.counters
        self.pushes = pushes.counters
    }
}

extension PullQueue {
    package var isEmpty: Bool { pulls.isEmpty }

    /// The most urgent first, then by name.
    package func rows() -> [PullRow] {
        pulls.map { object, pull in
            let state: PullRow.State =
                switch pull.stage {
                case .waiting: .waiting
                case .room: .room
                case .asked, .broken: .coming
                case .pausing: .pausing
                case .seal: .writing
                }
            return PullRow(
                object: object, kind: pull.kind, state: state, size: pull.size, source: pull.source?.node, chunks: pull.chunks,
                chunkCount: ChunkPlan(totalSize: pull.size).count)
        }.sorted { $0.kind != $1.kind ? $0.kind > $1.kind : $0.object < $1.object }
    }

    package func checkInvariants() -> [String] {
        var faults: [String] = []
        func expect(_ holds: Bool, _ text: @autoclosure () -> String) { if !holds { faults.append(text()) } }
        let live = pulls.values.filter(\.isActive)
        expect(activeBytes == live.reduce(0) { $0 + $1.size }, "\(activeBytes) bytes are said to be on their way")
        for kind in PullKind.allCases {
            expect(active[Int(kind.rawValue)] == live.count { $0.kind == kind }, "wrong count of \(kind)")
        }
        for kind in PullKind.allCases {
            let without = pulls.filter { $0.value.stage == .room && $0.value.kind == kind }
            expect(roomless[Int(kind.rawValue)] == Set(without.keys), "wrong set of \(kind) without room")
        }
        let inLine = Set(lines.flatMap { $0.all.map(\.number) })
        for (object, pull) in pulls {
            expect(!pull.kinds.isEmpty, "\(object) is wanted by nobody")
            if pull.stage == .waiting { expect(inLine.contains(pull.turn), "\(object) waits in no line") }
            if let (source, _) = pull.source {
                expect(source != node && !pull.lost.contains(source), "\(object) is asked of \(source)")
            }
        }
        expect(asked == Set(pulls.filter { $0.value.source != nil }.keys), "wrong set of those with a source")
        expect(asked.isEmpty || isListening, "nobody looks for silence")
        // The front of the line waits only for place, and only while one of its kind or a more urgent one is on its way.
        if let first = pulls.values.filter({ $0.stage == .waiting }).map(\.kind).max() {
            expect(live.contains { $0.kind >= first }, "a pull of kind \(first) waits for nothing")
        }
        return faults
    }
}
