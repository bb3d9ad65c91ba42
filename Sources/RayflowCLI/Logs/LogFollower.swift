import Workflow

/// Collects what running attempts write, each line with the step's name before it.
struct LogFollower: Sendable {
    private struct Stream: Sendable {
        var tail: FileTail
        var lines = LineSplitter()
    }

    private let attempts: String
    private var streams: [String: [Stream]] = [:]
    /// In the order of their start.
    private var positions: [String] = []

    init(attempts: String) { self.attempts = attempts }

    /// What is complete because of the event.
    mutating func on(_ event: RunEvent) -> String {
        switch event {
        case .started(let position, let attempt):
            let text = close(position)
            let folder = AttemptLogs.folder(attempts, position, attempt)
            streams[position] = AttemptLogs.Kind.allCases.map { Stream(tail: FileTail(AttemptLogs.file(folder, $0))) }
            positions.append(position)
            return text
        case .finished(let position, _, _, _, _), .retrying(let position, _, _, _): return close(position)
        case .expanded, .submitted, .failed, .inputChanged, .note: return ""
        }
    }

    mutating func read() -> String { positions.map { read($0) }.joined() }

    mutating func finish() -> String { positions.map { close($0) }.joined() }

    private mutating func read(_ position: String) -> String {
        guard var list = streams[position] else { return "" }
        var text = ""
        for index in list.indices {
            while true {
                let bytes = list[index].tail.read()
                text += prefixed(list[index].lines.add(bytes), position)
                if bytes.count < CommandLimits.readBytes { break }
            }
        }
        streams[position] = list
        return text
    }

    private mutating func close(_ position: String) -> String {
        guard streams[position] != nil else { return "" }
        var text = read(position)
        var list = streams.removeValue(forKey: position) ?? []
        for index in list.indices { text += prefixed(list[index].lines.rest(), position) }
        positions.removeAll { $0 == position }
        return text
    }

    private func prefixed(_ lines: [String], _ position: String) -> String {
        lines.map { "[\(position)] \(Terminal.visible($0))\n" }.joined()
    }
}
