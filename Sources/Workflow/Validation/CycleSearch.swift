/// Finds cycles in a graph, at least one in each part of it that has any. Takes time in proportion to nodes and edges.
struct CycleSearch {
    struct Cycle {
        /// Nodes, each waiting for the next and the last for the first. The first is the least.
        var path: [Int]
        /// Where the first says that it waits for the second.
        var position: SourcePosition
    }

    private(set) var cycles: [Cycle] = []

    private enum Mark {
        case unseen, open, done
    }

    /// Without recursion: a chain may have as many steps as a file holds.
    init(_ edges: [[WorkflowValidator.Edge]]) {
        var marks = [Mark](repeating: .unseen, count: edges.count)
        for root in edges.indices where marks[root] == .unseen {
            var path = [root]
            var nextEdge = [0]
            marks[root] = .open
            while let node = path.last {
                let at = nextEdge[nextEdge.count - 1]
                guard at < edges[node].count else {
                    marks[node] = .done
                    path.removeLast()
                    nextEdge.removeLast()
                    continue
                }
                nextEdge[nextEdge.count - 1] += 1
                let target = edges[node][at].target
                switch marks[target] {
                case .done: break
                case .unseen:
                    marks[target] = .open
                    path.append(target)
                    nextEdge.append(0)
                case .open:
                    guard let start = path.firstIndex(of: target) else { break }
                    cycles.append(Self.cycle(Array(path[start...]), edges))
                }
            }
        }
    }

    private static func cycle(_ path: [Int], _ edges: [[WorkflowValidator.Edge]]) -> Cycle {
        let least = path.indices.min { path[$0] < path[$1] } ?? 0
        let turned = Array(path[least...] + path[..<least])
        let second = turned.count > 1 ? turned[1] : turned[0]
        let position = edges[turned[0]].first { $0.target == second }?.position
        return Cycle(path: turned, position: position ?? SourcePosition(line: 1, column: 1, offset: 0))
    }
}
