import Rayflow
import RayflowCore
import Synchronization
import Transport

/// Stands before a raylet and counts what it receives.
final class NodeTraffic: FrameHandler, Sendable {
    private struct State {
        var chunks = 0
        var chunkBytes = 0
        var objects: [ObjectID] = []
        var whenComplete: (@Sendable () -> Void)?
    }
    private let raylet: RayletShell
    private let nodes: Int
    private let state: Mutex<State>

    /// - Parameter complete: called once, when the raylet knows of so many living nodes.
    init(_ raylet: RayletShell, nodes: Int, _ complete: @escaping @Sendable () -> Void) {
        self.raylet = raylet
        self.nodes = nodes
        state = Mutex(State(whenComplete: complete))
    }

    var chunks: Int { state.withLock { $0.chunks } }
    var chunkBytes: Int { state.withLock { $0.chunkBytes } }
    /// Objects of which chunks have come, in the order of their first ones.
    var objects: [ObjectID] { state.withLock { $0.objects } }

    func receive(kind: UInt8, body: ArraySlice<UInt8>, from: Address) {
        if kind == ObjectChunk.kind {
            let object: ObjectID? = if case .objectChunk(let m)? = try? Message(kind: kind, body: body) { m.object } else { nil }
            state.withLock { state in
                state.chunks += 1
                state.chunkBytes += body.count
                if let object, !state.objects.contains(object) { state.objects.append(object) }
            }
        }
        raylet.receive(kind: kind, body: body, from: from)
        guard kind == NodeTable.kind, case .nodeTable(let table)? = try? Message(kind: kind, body: body) else { return }
        if table.nodes.count(where: \.isAlive) == nodes { state.withLock { $0.whenComplete.take() }?() }
    }

    func disconnected(_ peer: Address) { raylet.disconnected(peer) }
    func turnEnded() { raylet.turnEnded() }
}
