/// The segments of a folder that make up its journal: from the newest one back by the links.
struct JournalChain {
    struct Link {
        var header: SegmentHeader
        /// Where the next segment continues; nil in the last.
        var end: UInt64?
    }

    var links: [Link] = []
    var lastEpoch: UInt32 = 0
    var lastIndex: UInt32 = 0
    /// The newest segment, when not even its header was written in full.
    var torn: TornTail?

    init(folder: String) throws(JournalFault) {
        let names = try Files.names(in: folder).compactMap(SegmentName.init).sorted()
        lastEpoch = names.last?.epoch ?? 0
        lastIndex = names.map(\.index).max() ?? 0
        var headers: [SegmentName: SegmentHeader] = [:]
        for name in names { headers[name] = try header(name, folder) }

        var wanted = headers.keys.max().map { (name: $0, end: UInt64?.none) }
        while let (name, end) = wanted {
            guard let header = headers.removeValue(forKey: name) else {
                let successor = links.last.map { " that \($0.header.name) continues" } ?? ""
                throw .corrupt("\(folder)/\(name)", at: 0, "the segment\(successor) is missing or incomplete")
            }
            links.append(Link(header: header, end: end))
            guard let previous = header.previous else { break }
            // Names fall with every link, so a damaged link cannot lead in a circle.
            guard previous.segment < name else { throw .corrupt("\(folder)/\(name)", at: 0, "the segment continues a later one") }
            wanted = (previous.segment, previous.offset)
        }
        links.reverse()
        if let newest = links.last?.header.name, let torn, torn.position.segment < newest { self.torn = nil }
        if let stray = headers.keys.max() {
            throw .corrupt("\(folder)/\(stray)", at: 0, "no later segment continues this one")
        }
        if let other = links.first(where: { $0.header.runID != links[0].header.runID }) {
            throw .corrupt("\(folder)/\(other.header.name)", at: 0, "the segment belongs to run \(other.header.runID)")
        }
    }

    /// nil for a file too short for a header: nothing was ever recorded there.
    private mutating func header(_ name: SegmentName, _ folder: String) throws(JournalFault) -> SegmentHeader? {
        let path = "\(folder)/\(name)"
        var cursor = try SegmentCursor(path: path)
        guard try cursor.load(SegmentHeader.byteCount) else {
            torn = TornTail(position: JournalPosition(segment: name, offset: 0), byteCount: cursor.limit, recordsBehind: 0)
            return nil
        }
        switch SegmentHeader.decode(cursor.take(SegmentHeader.byteCount)) {
        case .header(let header):
            guard header.name == name else { throw .corrupt(path, at: 0, "the segment calls itself \(header.name)") }
            return header
        case .newerVersion(let version):
            throw JournalFault(
                .newerVersion, path: path,
                "the journal has format version \(version), this program reads \(SegmentHeader.version): use the rayflow that wrote it or a later one"
            )
        case .damaged(let what):
            throw .corrupt(path, at: 0, what)
        }
    }
}
