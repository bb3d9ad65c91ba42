import RayflowCore

/// An object that is wanted on this node.
struct PullEntry: Sendable {
    enum Stage: Hashable, Sendable {
        /// For its turn.
        case waiting
        /// It has its turn, and room was asked for.
        case room
        /// There is room, and a source was asked.
        case asked(NodeID, request: UInt64)
        /// The connection to the source broke: a node that is alive is reached again.
        case broken(NodeID, request: UInt64)
        /// Every source has refused for now.
        case pausing
        /// A process of this node is writing it.
        case seal
    }

    var owner: Address
    var size: Int
    /// Who wants it; never empty.
    var kinds: Set<PullKind>
    var stage = Stage.waiting
    /// Its place in the line of its kind; changes with each stage, so that entries of a line and timers that are out of date are known.
    var turn: UInt64 = 0
    /// Nodes that are said to have it, in the order in which they became known.
    var known: [NodeID] = []
    /// Those of them that somebody who wants it has named. The others were named by busy nodes, and may have nothing themselves.
    var holders: Set<NodeID> = []
    /// Those of them that are still to be asked in this round, the next one last.
    var untried: [NodeID] = []
    /// Nodes that have no copy after all, or are gone.
    var lost: [NodeID] = []
    /// This node is among those that are said to have a copy.
    var isSaidToBeHere = false
    /// A source whose connection broke, and of which no chunk has come since: a promise alone may break it again.
    var doubted: NodeID?
    /// Why sources have refused for now in this round.
    var refusals: Set<PullRefusal> = []
    /// Chunks of each source that were not as it has made them.
    var faults: [NodeID: Int] = [:]
    /// Pauses since the last chunk.
    var pauses = 0
    /// Looks since the source has said that it will send, or has sent a chunk.
    var quietLooks = 0
    var isAccepted = false
    /// Chunks that are in their places, from whichever source.
    var chunks = 0
    /// The last reason why it did not come.
    var why = "no node has a copy"

    var kind: PullKind { kinds.max() ?? .argument }
    /// Some node may have it, as far as is known.
    var hasSources: Bool { known.contains { !lost.contains($0) } }
    /// It is worth while to ask all once more: a node has it, or gets it.
    var mayComeLater: Bool {
        refusals.contains(.busy) || refusals.contains(.noRoom) || refusals.contains(.stalled) && holders.contains { !lost.contains($0) }
    }
    var isActive: Bool {
        switch stage {
        case .waiting, .seal: false
        case .room, .asked, .broken, .pausing: true
        }
    }
    /// The entry of a line is not out of date.
    func waits(_ turn: UInt64) -> Bool { stage == .waiting && self.turn == turn }
    var source: (node: NodeID, request: UInt64)? {
        switch stage {
        case .asked(let node, let request), .broken(let node, let request): (node, request)
        default: nil
        }
    }
}
