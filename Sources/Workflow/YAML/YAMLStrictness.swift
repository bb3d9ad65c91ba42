/// Refuses what libyaml lets pass but YAML 1.2 does not allow, and what the two would read differently.
///
/// libyaml does not look at the indentation of continued lines within quotes and flow collections, at the blank before a comment, and at
/// the dash and the question mark at the start of plain scalars within flow collections.
struct YAMLStrictness {
    private let source: SourceText
    private var bytes: [UInt8] { source.bytes }
    /// Indentation of the block collections around, in columns from 0.
    private var indents: [Int] = []
    /// For each open collection whether it is a flow collection.
    private var isFlow: [Bool] = []
    private var outermostFlowStart = 0
    private var flowDepth = 0
    private var previousEnd = 0

    init(_ source: SourceText) { self.source = source }

    mutating func check(_ events: [YAMLEvent]) throws(Diagnostic) {
        for event in events { try check(event) }
        try checkGap(previousEnd..<bytes.count)
    }

    private mutating func check(_ event: YAMLEvent) throws(Diagnostic) {
        if event.range.lowerBound > previousEnd { try checkGap(previousEnd..<event.range.lowerBound) }
        // A tag may stand before the anchor, and is refused by itself.
        if let anchor = event.anchor, !event.hasTag { try checkName(anchor, at: event.range.lowerBound) }
        switch event.kind {
        case .documentStart: try checkDirectives(in: event.range)
        case .documentEnd: break
        case .alias(let name): try checkName(name, at: event.range.lowerBound)
        case .scalar(let text, let style): try check(text, style, event.range)
        case .listStart(let isFlow): open(event, isFlow: isFlow)
        case .mapStart(let isFlow):
            // A pair within a list begins with its question mark.
            try checkQuestionMark(at: event.range.lowerBound)
            open(event, isFlow: isFlow)
        case .listEnd, .mapEnd: try close(event)
        }
        previousEnd = max(previousEnd, event.range.upperBound)
    }

    /// libyaml ends the name of an anchor at the first character that it does not know there; to YAML 1.2 it goes on to the next blank.
    private func checkName(_ name: String, at start: Int) throws(Diagnostic) {
        let end = start + 1 + name.utf8.count
        let flowIndicators = ",[]{}".utf8.contains { bytes.has($0, at: end) }
        guard end < bytes.count, !flowIndicators, !bytes.isBlank(at: end), !bytes.isBreak(at: end) else { return }
        throw source.diagnostic(
            .syntax, "the name of an anchor or alias consists of letters, digits, '-' and '_'", hint: "put a blank behind the name",
            at: source.position(at: end))
    }

    // MARK: Collections

    private mutating func open(_ event: YAMLEvent, isFlow flow: Bool) {
        isFlow.append(flow)
        if flow {
            if flowDepth == 0 { outermostFlowStart = event.range.lowerBound }
            flowDepth += 1
        } else {
            // The end is that of an empty token in front of the first entry, but behind the dash for a list that is not indented.
            let end = event.range.upperBound
            let column = source.position(at: end).column - 1
            let isBehindDash = bytes.has(UInt8(ascii: "-"), at: end - 1) && !bytes.has(UInt8(ascii: "-"), at: end)
            if case .listStart = event.kind, isBehindDash { indents.append(column - 1) } else { indents.append(column) }
        }
    }

    private mutating func close(_ event: YAMLEvent) throws(Diagnostic) {
        guard isFlow.popLast() == true else {
            indents.removeLast()
            return
        }
        flowDepth -= 1
        if flowDepth == 0 { try checkLines(outermostFlowStart..<event.range.upperBound, what: "a flow collection", isQuoted: false) }
    }

    /// Each line but the first must be indented deeper than the block around, with spaces. The closing bracket may stand at its
    /// indentation, as nearly everybody writes it.
    private func checkLines(_ range: Range<Int>, what: String, isQuoted: Bool) throws(Diagnostic) {
        let needed = (indents.last ?? -1) + 1
        let first = source.lineNumber(at: range.lowerBound)
        let last = source.lineNumber(at: max(range.lowerBound, range.upperBound - 1))
        guard last > first, needed > 0 else { return }
        for line in (first + 1)...last {
            let lineRange = source.lineRange(line)
            let indent = bytes[lineRange].prefix { $0 == UInt8(ascii: " ") }.count
            guard let start = lineRange.first(where: { !bytes.isBlank(at: $0) }) else { continue }
            let isComment = bytes[start] == UInt8(ascii: "#")
            let isCloser = bytes[start] == UInt8(ascii: "]") || bytes[start] == UInt8(ascii: "}")
            guard indent < (isCloser && !isQuoted ? needed - 1 : needed), isQuoted || !isComment else { continue }
            throw source.diagnostic(
                .syntax, "not valid YAML: a line within \(what) is not indented deeper than the block around it",
                hint: "indent it by at least \(needed) \(needed == 1 ? "space" : "spaces")", at: source.position(at: start))
        }
    }

    // MARK: Scalars

    private func check(_ text: String, _ style: YAMLScalar.Style, _ range: Range<Int>) throws(Diagnostic) {
        switch style {
        case .plain:
            guard text == "-", flowDepth > 0 else { return }
            throw source.diagnostic(
                .syntax, "not valid YAML: a lone '-' within a flow collection", hint: "put it in quotes",
                at: source.position(at: range.lowerBound))
        case .singleQuoted, .doubleQuoted:
            if flowDepth == 0 { try checkLines(range, what: "a quoted text", isQuoted: true) }
        case .literal, .folded: try checkBlock(range)
        }
    }

    private func checkBlock(_ range: Range<Int>) throws(Diagnostic) {
        guard let indicator = bytes[range].firstIndex(where: { $0 == UInt8(ascii: "|") || $0 == UInt8(ascii: ">") }) else { return }
        let headerLine = source.lineNumber(at: indicator)
        let header = source.lineRange(headerLine)
        if let comment = bytes[indicator..<header.upperBound].firstIndex(of: UInt8(ascii: "#")), !bytes.isBlank(at: comment - 1) {
            throw gapFault(at: comment)
        }
        let sizes = UInt8(ascii: "1")...UInt8(ascii: "9")
        guard
            !bytes[indicator..<header.upperBound].prefix(while: { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }).contains(
                where: sizes.contains)
        else { return }
        // The first line with text sets the indentation; a blank line before it must not be longer than that.
        var longestBlank = 0
        var line = headerLine + 1
        while line <= source.lineCount {
            let lineRange = source.lineRange(line)
            let indent = bytes[lineRange].prefix { $0 == UInt8(ascii: " ") }.count
            guard indent == lineRange.count else {
                guard indent < longestBlank, indent > indents.last ?? -1 else { return }
                throw source.diagnostic(
                    .syntax, "not valid YAML: the block scalar begins with a blank line that is longer than the indentation of its text",
                    hint: "remove the blanks from that line", at: source.position(at: lineRange.lowerBound + indent))
            }
            longestBlank = max(longestBlank, indent)
            line += 1
        }
    }

    // MARK: Between the events

    private func checkGap(_ range: Range<Int>) throws(Diagnostic) {
        var at = range.lowerBound
        while at < range.upperBound {
            switch bytes[at] {
            case UInt8(ascii: "#"):
                guard at == 0 || bytes.isBlank(at: at - 1) || bytes.isBreak(at: at - 1) else { throw gapFault(at: at) }
                while at < range.upperBound, !bytes.isBreak(at: at) { at += 1 }
            default: try checkQuestionMark(at: at)
            }
            at += 1
        }
    }

    /// `[?b]` is a text to YAML 1.2 and a key to libyaml.
    private func checkQuestionMark(at offset: Int) throws(Diagnostic) {
        guard flowDepth > 0, bytes.has(UInt8(ascii: "?"), at: offset), !bytes.isBlank(at: offset + 1), !bytes.isBreak(at: offset + 1) else {
            return
        }
        throw source.diagnostic(
            .syntax, "a text that begins with '?' is read differently by YAML versions", hint: "put it in quotes",
            at: source.position(at: offset))
    }

    private func gapFault(at offset: Int) -> Diagnostic {
        source.diagnostic(.syntax, "not valid YAML: a comment without a blank before it", at: source.position(at: offset))
    }

    private func checkDirectives(in range: Range<Int>) throws(Diagnostic) {
        let first = source.lineNumber(at: range.lowerBound)
        let last = source.lineNumber(at: max(range.lowerBound, range.upperBound - 1))
        for line in first...last {
            let lineRange = source.lineRange(line)
            guard bytes.has(UInt8(ascii: "%"), at: lineRange.lowerBound), lineRange.lowerBound >= range.lowerBound else { continue }
            let words = source.line(line).split { $0 == " " || $0 == "\t" }
            let isVersion = words.count >= 2 && words[0] == "%YAML" && (words[1] == "1.1" || words[1] == "1.2")
            guard isVersion, words.count == 2 || words[2].hasPrefix("#") else {
                throw source.diagnostic(
                    .directive, "the directive '\(words[0])' is not supported", at: source.position(at: lineRange.lowerBound))
            }
        }
    }
}
