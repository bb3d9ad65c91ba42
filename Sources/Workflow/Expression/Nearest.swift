/// Finds the name that somebody probably meant.
package enum Nearest {
    /// The candidate with the fewest edits, when they are few for its length. Case costs nothing; ties go to the first in order.
    package static func name(to name: String, among candidates: some Sequence<String>) -> String? {
        let written = Array(name.lowercased().unicodeScalars)
        let allowed = max(1, written.count / 3)
        return candidates.map { (edits(written, Array($0.lowercased().unicodeScalars)), $0) }
            .filter { $0.0 <= allowed }
            .min { $0 < $1 }?.1
    }

    /// Insertions, removals, replacements and swaps of neighbours.
    private static func edits(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
        var before: [Int] = []
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 1) }
                row.append(cost)
            }
            (before, last) = (last, row)
        }
        return last[b.count]
    }
}
