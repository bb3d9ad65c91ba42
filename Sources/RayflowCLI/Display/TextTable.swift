/// Cells in columns, for a person.
enum TextTable {
    /// One line for each row, indented, its columns as wide as their widest cell.
    ///
    /// - Parameter cells: rows of equal length, the head first.
    static func lines(_ cells: [[String]]) -> [String] {
        guard let head = cells.first else { return [] }
        let widths = head.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
        return cells.map { row in
            let line = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: "  ")
            return Terminal.visible("  " + String(line.reversed().drop { $0 == " " }.reversed()))
        }
    }
}
