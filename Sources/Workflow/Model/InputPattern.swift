/// A regular expression that a whole text must match.
struct InputPattern {
    struct Fault: Error {
        var reason: String
    }

    private let regex: Regex<AnyRegexOutput>

    init(_ pattern: String) throws(Fault) {
        do { regex = try Regex(pattern) } catch { throw Fault(reason: "\(error)") }
    }

    func matches(_ text: String) -> Bool { (try? regex.wholeMatch(in: text)) != nil }
}
