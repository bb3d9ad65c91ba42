import RayflowCore

/// A table for a person: a column for each field that has a value somewhere.
struct StateText {
    var answer: StateAnswer
    init(_ answer: StateAnswer) { self.answer = answer }

    var text: String {
        var lines = ["\(answer.table.rawValue) as of \(answer.source)"]
        let columns = self.columns
        var cells = [columns]
        for row in answer.rows { cells.append(columns.map { Self.cell($0, row[$0] ?? .null) }) }
        if answer.rows.isEmpty {
            lines.append("  none")
        } else {
            lines += TextTable.lines(cells)
        }
        if answer.total > answer.rows.count { lines.append("  \(answer.rows.count) of \(answer.total) rows; --limit shows more") }
        if answer.eventsLeftOut > 0 {
            lines.append("  \(answer.eventsLeftOut) events of tasks were left out: too many came at a time")
        }
        return lines.joined(separator: "\n")
    }

    /// In the order of the rows' fields; lists are for programs.
    private var columns: [String] {
        var columns: [String] = []
        for row in answer.rows {
            for (key, value) in row where !columns.contains(key) && value.arrayValue == nil && !Self.cell(key, value).isEmpty {
                columns.append(key)
            }
        }
        return columns
    }

    private static func cell(_ key: String, _ value: JSON) -> String {
        if value == .null { return "" }
        if key == "since", let milliseconds = value.intValue { return TimeText.local(milliseconds: milliseconds) }
        let text = RowFilter.text(value).split(separator: "\n").first.map(String.init) ?? ""
        return text.count > CommandLimits.cellCharacters ? text.prefix(CommandLimits.cellCharacters) + "…" : text
    }
}
