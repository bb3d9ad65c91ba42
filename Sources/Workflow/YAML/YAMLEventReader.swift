internal import CLibYAML

/// Runs libyaml over a text.
struct YAMLEventReader {
    private let source: SourceText
    /// Byte offset of each Unicode scalar, in which libyaml counts; empty when all are single bytes.
    private let scalarOffsets: [Int32]

    init(_ source: SourceText) {
        self.source = source
        let isASCII = source.bytes.allSatisfy { $0 < 0x80 }
        scalarOffsets = isASCII ? [] : source.bytes.indices.filter { source.bytes[$0] & 0xC0 != 0x80 }.map(Int32.init)
    }

    /// All events but those of the stream itself.
    func events() throws(Diagnostic) -> [YAMLEvent] {
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        defer { parser.deallocate() }
        guard yaml_parser_initialize(parser) == 1 else { throw source.diagnostic(.limit, "no memory to parse it", at: nil) }
        defer { yaml_parser_delete(parser) }
        // libyaml loses the last line break of a block scalar that ends with the file in the middle of a line.
        let endsLine = source.bytes.isEmpty || source.bytes.isBreak(at: source.bytes.count - 1)
        let text = endsLine ? source.bytes : source.bytes + [UInt8(ascii: "\n")]
        let result = text.withUnsafeBufferPointer { buffer in
            yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
            yaml_parser_set_input_string(parser, buffer.baseAddress, buffer.count)
            return Result { () throws(Diagnostic) in try collect(parser) }
        }
        return try result.get()
    }

    private func collect(_ parser: UnsafeMutablePointer<yaml_parser_t>) throws(Diagnostic) -> [YAMLEvent] {
        var events: [YAMLEvent] = []
        var depth = 0
        while true {
            var event = yaml_event_t()
            guard yaml_parser_parse(parser, &event) == 1 else { throw fault(of: parser.pointee) }
            defer { yaml_event_delete(&event) }
            if event.type == YAML_STREAM_END_EVENT { return events }
            guard let next = convert(event) else { continue }
            switch next.kind {
            case .listStart, .mapStart: depth += 1
            case .listEnd, .mapEnd: depth -= 1
            default: break
            }
            let position = source.position(at: next.range.lowerBound)
            guard depth <= YAMLLimits.depth else {
                throw source.diagnostic(.limit, "nesting deeper than \(YAMLLimits.depth)", at: position)
            }
            guard events.count < 2 * YAMLLimits.nodes else {
                throw source.diagnostic(.limit, "more than \(YAMLLimits.nodes) nodes", at: position)
            }
            events.append(next)
        }
    }

    private func convert(_ event: yaml_event_t) -> YAMLEvent? {
        var anchor: UnsafeMutablePointer<yaml_char_t>?
        var tag: UnsafeMutablePointer<yaml_char_t>?
        let kind: YAMLEvent.Kind
        switch event.type {
        case YAML_DOCUMENT_START_EVENT: kind = .documentStart
        case YAML_DOCUMENT_END_EVENT: kind = .documentEnd
        case YAML_ALIAS_EVENT: kind = .alias(text(event.data.alias.anchor))
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            (anchor, tag) = (scalar.anchor, scalar.tag)
            let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            kind = .scalar(String(decoding: bytes, as: UTF8.self), style(scalar.style))
        case YAML_SEQUENCE_START_EVENT:
            let start = event.data.sequence_start
            (anchor, tag) = (start.anchor, start.tag)
            kind = .listStart(isFlow: start.style == YAML_FLOW_SEQUENCE_STYLE)
        case YAML_SEQUENCE_END_EVENT: kind = .listEnd
        case YAML_MAPPING_START_EVENT:
            let start = event.data.mapping_start
            (anchor, tag) = (start.anchor, start.tag)
            kind = .mapStart(isFlow: start.style == YAML_FLOW_MAPPING_STYLE)
        case YAML_MAPPING_END_EVENT: kind = .mapEnd
        default: return nil
        }
        let start = byteOffset(event.start_mark)
        let range = start..<max(start, byteOffset(event.end_mark))
        return YAMLEvent(kind: kind, anchor: anchor.map { text($0) }, hasTag: tag != nil, range: range)
    }

    private func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String { pointer.map { String(cString: $0) } ?? "" }

    private func style(_ style: yaml_scalar_style_t) -> YAMLScalar.Style {
        switch style {
        case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
        case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
        case YAML_LITERAL_SCALAR_STYLE: .literal
        case YAML_FOLDED_SCALAR_STYLE: .folded
        default: .plain
        }
    }

    private func byteOffset(_ mark: yaml_mark_t) -> Int {
        let index = Int(mark.index)
        if scalarOffsets.isEmpty { return min(index, source.bytes.count) }
        return index < scalarOffsets.count ? Int(scalarOffsets[index]) : source.bytes.count
    }

    private func fault(of parser: yaml_parser_t) -> Diagnostic {
        guard parser.error != YAML_MEMORY_ERROR else { return source.diagnostic(.limit, "no memory to parse it", at: nil) }
        let problem = parser.problem.map { String(cString: $0) } ?? "cannot be parsed"
        let offset = parser.error == YAML_READER_ERROR ? Int(parser.problem_offset) : byteOffset(parser.problem_mark)
        var message = "not valid YAML: \(problem)"
        if let context = parser.context.map({ String(cString: $0) }) {
            let place = source.position(at: byteOffset(parser.context_mark))
            message += " \(context)" + (place.line == source.lineNumber(at: offset) ? "" : " (from line \(place.line))")
        }
        return source.diagnostic(.syntax, message, hint: hint(for: problem, at: offset), at: source.position(at: offset))
    }

    private func hint(for problem: String, at offset: Int) -> String? {
        if source.bytes.has(UInt8(ascii: "\t"), at: offset) { return "indent with spaces, not with tabs" }
        if source.line(source.lineNumber(at: offset)).contains("${{") { return "put a text that holds ${{ }} in quotes within { } and [ ]" }
        switch problem {
        case "mapping values are not allowed in this context": return "put a text that holds ': ' in quotes"
        case "could not find expected ':'": return "write 'key: value', with a space behind the colon"
        case "found character that cannot start any token": return "put a text that begins with such a character in quotes"
        case "did not find expected key", "did not find expected '-' indicator": return "check the indentation of this line"
        default: return nil
        }
    }
}
