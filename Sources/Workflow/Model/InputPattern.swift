import Rayflow

/// A regular expression that a whole text must match.
struct InputPattern {
    struct Fault: Error {
        var reason: String
    }
    enum Match { case yes, no, tooSlow }

    /// Nested repetitions try more ways than there are seconds.
    static let limitMilliseconds = 1_000

    private let pattern: String

    init(_ pattern: String) throws(Fault) {
        do { _ = try Regex(pattern) } catch { throw Fault(reason: "\(error)") }
        self.pattern = pattern
    }

    /// On a thread of its own: a match cannot be stopped. One that is too slow ends with the process, which has no use for the value.
    func match(_ text: String, limitMilliseconds limit: Int = limitMilliseconds) -> Match {
        let answer = OneShot<Bool>()
        Thread.start(name: "rayflow-pattern") { [pattern] in
            let regex = try? Regex(pattern)
            answer.give(regex.map { (try? $0.wholeMatch(in: text)) != nil } ?? false)
        }
        return answer.take(withinMilliseconds: limit).map { $0 ? .yes : .no } ?? .tooSlow
    }
}
