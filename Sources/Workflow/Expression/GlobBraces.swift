/// Expands `{a,b}`: `x.{c,h}` stands for `x.c` and `x.h`. Braces may lie within braces; one without comma or partner is a plain character.
enum GlobBraces {
    /// Nil when there are more than ``ExpressionLimits/globAlternatives``.
    static func expand(_ pattern: String) -> [String]? {
        var open = [Array(pattern.unicodeScalars)]
        var done: [String] = []
        while let next = open.popLast() {
            guard let alternatives = expandFirst(next) else {
                done.append(text(next))
                continue
            }
            open += alternatives.reversed()
            guard open.count + done.count <= ExpressionLimits.globAlternatives else { return nil }
        }
        return done
    }

    /// The pattern once for each alternative of its first braces, nil when it has none.
    private static func expandFirst(_ scalars: [Unicode.Scalar]) -> [[Unicode.Scalar]]? {
        var at = 0
        while at < scalars.count {
            if scalars[at] == "\\" {
                at += 1
            } else if scalars[at] == "{", let (choices, end) = choices(scalars, from: at) {
                return choices.map { Array(scalars[..<at]) + $0 + scalars[(end + 1)...] }
            }
            at += 1
        }
        return nil
    }

    private static func choices(_ scalars: [Unicode.Scalar], from start: Int) -> ([ArraySlice<Unicode.Scalar>], end: Int)? {
        var depth = 0
        var choices: [ArraySlice<Unicode.Scalar>] = []
        var begin = start + 1
        var at = start
        while at < scalars.count {
            switch scalars[at] {
            case "\\": at += 1
            case "{": depth += 1
            case "," where depth == 1:
                choices.append(scalars[begin..<at])
                begin = at + 1
            case "}":
                depth -= 1
                if depth == 0 { return choices.isEmpty ? nil : (choices + [scalars[begin..<at]], at) }
            default: break
            }
            at += 1
        }
        return nil
    }

    private static func text(_ scalars: [Unicode.Scalar]) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return String(text)
    }
}
