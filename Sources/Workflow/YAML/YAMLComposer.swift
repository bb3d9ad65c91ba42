/// Builds the nodes out of the events, with aliases and merges expanded.
struct YAMLComposer {
    private let source: SourceText
    private let events: [YAMLEvent]
    private var next = 0
    private var anchors: [String: YAMLNode] = [:]
    /// Anchors of collections that are not complete yet: an alias to one of them would lie within itself.
    private var openAnchors: Set<String> = []
    private var depth = 0
    private var nodeCount = 0
    private(set) var faults = Diagnostics()

    init(_ source: SourceText, _ events: [YAMLEvent]) {
        self.source = source
        self.events = events
    }

    mutating func document() throws(Diagnostic) -> YAMLNode {
        guard case .documentStart? = events.first?.kind, events.count > 1 else {
            throw source.diagnostic(.emptyFile, "the file is empty", at: nil)
        }
        next = 1
        let root = try node()
        if let second = events.dropFirst(next).first(where: { if case .documentStart = $0.kind { true } else { false } }) {
            let hint = "put each workflow in a file of its own"
            throw source.diagnostic(.severalDocuments, "a second YAML document begins here", hint: hint, at: place(second.range.lowerBound))
        }
        return root
    }

    private mutating func node() throws(Diagnostic) -> YAMLNode {
        let event = events[next]
        next += 1
        if event.hasTag {
            let hint = "leave the tag out; quotes make a scalar a string"
            throw source.diagnostic(.tag, "tags are not supported", hint: hint, at: place(start(of: event)))
        }
        if case .alias(let name) = event.kind { return try alias(name, event) }
        try count(1, at: event)
        let position = place(start(of: event))
        if let anchor = event.anchor {
            anchors[anchor] = nil
            openAnchors.insert(anchor)
        }
        depth += 1
        let content: YAMLNode.Content =
            switch event.kind {
            case .scalar(let text, let style):
                .scalar(YAMLScalar(text: text, style: style, position: position, end: event.range.upperBound))
            case .listStart: .list(try elements())
            default: .map(try entries())
            }
        depth -= 1
        let node = YAMLNode(content, at: position)
        if let anchor = event.anchor {
            openAnchors.remove(anchor)
            anchors[anchor] = node
        }
        return node
    }

    // MARK: Collections

    private mutating func elements() throws(Diagnostic) -> [YAMLNode] {
        var elements: [YAMLNode] = []
        while true {
            if case .listEnd = events[next].kind {
                next += 1
                return elements
            }
            elements.append(try node())
        }
    }

    private mutating func entries() throws(Diagnostic) -> [YAMLEntry] {
        var entries: [YAMLEntry] = []
        var lines: [String: Int] = [:]
        var merges: [YAMLNode] = []
        while true {
            if case .mapEnd = events[next].kind {
                next += 1
                break
            }
            let keyEvent = events[next]
            let keyNode = try node()
            guard var key = keyNode.scalar else {
                throw source.diagnostic(
                    .complexKey, "a key must be a scalar, this is \(keyNode.kindPhrase)", at: place(keyEvent.range.lowerBound))
            }
            // The key of an alias stands where the alias is, not where its text was first written.
            if case .alias = keyEvent.kind { key.position = place(keyEvent.range.lowerBound) }
            let value = try node()
            if let line = lines.updateValue(key.position.line, forKey: key.text) {
                lines[key.text] = line
                faults.add(
                    source.diagnostic(
                        .duplicateKey, "the key '\(key.text)' stands twice in this map (first in line \(line))", at: key.position))
            } else if key.text == "<<", key.style == .plain {
                merges.append(value)
            } else {
                entries.append(YAMLEntry(key: key, value: value))
            }
        }
        for merge in merges { try self.merge(merge, into: &entries) }
        return entries
    }

    /// What the map says itself goes before what is merged, the first of several merged maps before the later ones.
    private mutating func merge(_ node: YAMLNode, into entries: inout [YAMLEntry]) throws(Diagnostic) {
        var names = Set(entries.map(\.name))
        for part in node.list ?? [node] {
            guard let map = part.map else {
                faults.add(source.diagnostic(.merge, "'<<' wants a map or a list of maps, this is \(part.kindPhrase)", at: part.position))
                continue
            }
            for entry in map where names.insert(entry.name).inserted { entries.append(entry) }
        }
    }

    // MARK: Aliases

    private mutating func alias(_ name: String, _ event: YAMLEvent) throws(Diagnostic) -> YAMLNode {
        guard let node = anchors[name] else {
            if openAnchors.contains(name) {
                throw source.diagnostic(.alias, "the alias '*\(name)' lies within what it names", at: place(event.range.lowerBound))
            }
            let nearest = Nearest.name(to: name, among: anchors.keys.sorted()).map { "did you mean '*\($0)'?" }
            throw source.diagnostic(
                .alias, "no anchor '&\(name)' stands before this alias", hint: nearest, at: place(event.range.lowerBound))
        }
        try count(node.nodeCount, at: event)
        guard depth + node.depth <= YAMLLimits.depth else {
            throw source.diagnostic(.limit, "nesting deeper than \(YAMLLimits.depth) by this alias", at: place(event.range.lowerBound))
        }
        return node
    }

    private mutating func count(_ nodes: Int, at event: YAMLEvent) throws(Diagnostic) {
        nodeCount += nodes
        guard nodeCount <= YAMLLimits.nodes else {
            let message = "more than \(YAMLLimits.nodes) nodes when all aliases are expanded"
            throw source.diagnostic(.limit, message, at: place(event.range.lowerBound))
        }
    }

    // MARK: Places

    private func place(_ offset: Int) -> SourcePosition { source.position(at: offset) }

    /// The first byte behind the anchor.
    private func start(of event: YAMLEvent) -> Int {
        let bytes = source.bytes
        var at = event.range.lowerBound
        guard let anchor = event.anchor, bytes.has(UInt8(ascii: "&"), at: at) else { return at }
        at += 1 + anchor.utf8.count
        while at < bytes.count, bytes.isBlank(at: at) || bytes.isBreak(at: at) || bytes[at] == UInt8(ascii: "#") {
            if bytes[at] == UInt8(ascii: "#") { while at < bytes.count, !bytes.isBreak(at: at) { at += 1 } } else { at += 1 }
        }
        return min(at, max(event.range.upperBound, event.range.lowerBound))
    }
}
