import RayflowCore

/// The sums of object stores, and whether their parts make them up.
struct MemoryTotals {
    private let totals: JSON
    init(_ totals: JSON) { self.totals = totals }

    private func total(_ name: String) -> Int { totals[name]?.intValue ?? 0 }
    private func size(_ name: String) -> String { ByteCount(bytes: total(name)).rounded }

    var lines: [String] {
        var lines = ["  memory: \(size("arena")) of \(size("capacity")) in use, \(size("warm")) of it compressed"]
        lines[0] += "; \(size("free")) free in \(total("slabs-ready")) of \(total("slabs")) slabs"
        lines += parts(
            [
                ("objects", "in-objects"), ("being written", "in-writing"), ("deleted, still in use", "in-deleted"),
                ("let go, still mapped", "retired"), ("moving", "in-moves"),
            ], unexplained: "arena-unexplained", rounding: "rounding")
        lines.append(
            "  disk: \(size("disk")) in \(total("spill-files")) \(total("spill-files") == 1 ? "file" : "files"), \(size("disk-blocks")) of disk blocks; "
                + "\(total("spilled")) objects spilled, \(total("restored")) brought back")
        lines += parts(
            [("objects", "disk-in-objects"), ("moving", "disk-in-moves"), ("being freed", "disk-in-deleted")],
            unexplained: "disk-unexplained", rounding: nil)
        if total("damaged") > 0 { lines.append("  \(total("damaged")) copies came back damaged and were dropped") }
        if total("waiting") > 0 { lines.append("  \(total("waiting")) requests wait for room") }
        return lines
    }

    /// - Returns: nothing for nothing.
    private func parts(_ parts: [(name: String, key: String)], unexplained: String, rounding: String?) -> [String] {
        let there = parts.filter { total($0.key) > 0 }
        guard !there.isEmpty || total(unexplained) != 0 else { return [] }
        var line = "    " + there.map { "\(size($0.key)) \($0.name)" }.joined(separator: ", ")
        if let rounding, total(rounding) > 0 { line += " (\(size(rounding)) of it rounding)" }
        return [line + (total(unexplained) == 0 ? ": the sum agrees" : ": \(size(unexplained)) belong to nothing, please report that")]
    }
}
