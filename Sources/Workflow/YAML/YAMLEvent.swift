/// What libyaml reports, with byte ranges.
struct YAMLEvent {
    enum Kind {
        case documentStart
        case documentEnd
        case alias(String)
        case scalar(String, YAMLScalar.Style)
        case listStart(isFlow: Bool)
        case listEnd
        case mapStart(isFlow: Bool)
        case mapEnd
    }

    var kind: Kind
    var anchor: String?
    var hasTag: Bool
    /// From the first byte, which is that of the anchor where there is one, to behind the last.
    var range: Range<Int>
}
