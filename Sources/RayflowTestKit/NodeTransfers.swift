public import Rayflow
internal import Raylet
internal import RayflowCore

/// What of objects goes to a node, and from it to others.
public struct NodeTransfers: Sendable {
    /// An object that is wanted on the node and not there yet.
    public struct Wanted: Sendable, Equatable {
        public enum Kind: Sendable { case argument, wait, get }
        public var kind: Kind
        /// It has its turn; else it waits for place.
        public var isOnItsWay: Bool
        public var byteCount: Int
        /// From which node of the cluster it comes now.
        public var source: NodeID?
        /// Chunks of it that are in their places.
        public var chunks: Int
    }

    /// The most urgent first.
    public var wanted: [Wanted]
    /// Requests of this node to others.
    public var asked: Int
    /// Times that all who have an object had refused, and were asked again after a pause.
    public var paused: Int
    /// Chunks that came damaged, and were asked for again.
    public var faulty: Int
    /// Copies that the node has begun to send.
    public var begun: Int
    /// Requests that it has turned away because enough copies of the object were on their way.
    public var turnedAway: Int
    /// Copies of one object that it has sent at the same time, at most.
    public var mostCopies: Int
    /// Chunks that it has sent, raw bytes of which were at most ``mostBytes`` on their way at the same time.
    public var chunksSent: Int
    public var mostBytes: Int

    init(_ snapshot: TransferSnapshot) {
        wanted = snapshot.wanted.map { row in
            let kind: Wanted.Kind =
                switch row.kind {
                case .argument: .argument
                case .wait: .wait
                case .get: .get
                }
            let isOnItsWay = row.state == .room || row.state == .coming || row.state == .pausing
            return Wanted(kind: kind, isOnItsWay: isOnItsWay, byteCount: row.size, source: row.source, chunks: row.chunks)
        }
        asked = Int(snapshot.pulls.asked)
        paused = Int(snapshot.pulls.paused)
        faulty = Int(snapshot.pulls.faulty)
        begun = Int(snapshot.pushes.begun)
        turnedAway = Int(snapshot.pushes.busy)
        mostCopies = snapshot.pushes.mostCopies
        chunksSent = Int(snapshot.pushes.chunks)
        mostBytes = snapshot.pushes.mostBytes
    }
}
