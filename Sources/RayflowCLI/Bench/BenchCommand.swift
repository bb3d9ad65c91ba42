import ArgumentParser
internal import Glibc
import Rayflow
import RayflowCore

/// `rayflow bench`: the engine's figures on this machine, by the definitions that the peers' scripts use.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure the engine on this machine.",
        discussion: """
            Rates: 1 s of warm-up, then 3 windows of 2 s. Everything else: one warm-up, then 3 timed runs. No-op tasks return the two bytes \
            "ok". The engine has 2 CPU slots. Each row is measured in a process of its own, for a limited time; a row that fails does not \
            stop the others, and the exit status is then 5.
            """)

    @Option(name: .long, parsing: .upToNextOption, help: "Only these rows or metrics.")
    var only: [String] = []
    @Flag(help: "List the rows, their metrics and what they measure, and measure nothing.")
    var list = false
    @Flag(help: "Write JSON: an object with a member for each metric, or a list of rows with --list.")
    var json = false
    @Flag(help: "One run instead of three, and windows of 1 s: for a first look.")
    var quick = false
    @Flag(help: "Run the rows in this process, for profilers. Memory is then looked at once, at the end; fresh rows run once.")
    var inProcess = false
    @Option(help: ArgumentHelp("What one row may take; by default as much as it reasonably needs.", valueName: "seconds"))
    var timeLimit: UInt32?

    func validate() throws {
        for name in only where BenchRow.named(name) == nil {
            throw ValidationError(
                "there is no row and no metric '\(name)'. The rows are \(BenchRow.all.map(\.name).joined(separator: ", ")); --list says more"
            )
        }
        if let timeLimit, timeLimit == 0 { throw ValidationError("--time-limit: give at least 1 second") }
    }

    func run() async throws {
        let rows = BenchRow.all.filter { row in only.isEmpty || only.contains { BenchRow.named($0)?.name == row.name } }
        if list { return Outlet.output.line(json ? JSON.array(rows.map(\.json)).pretty() : rows.map(\.text).joined(separator: "\n")) }
        var object = JSONObject()
        var failures = 0
        for row in rows {
            do {
                for one in try await measure(row) where only.isEmpty || only.contains(row.name) || only.contains(one.name) {
                    object[one.name] = one.json
                    if !json { Outlet.output.line(one.text) }
                }
            } catch {
                failures += 1
                let message = (error as? CommandFailure)?.message ?? "\(error)"
                object[row.name] = ["error": .string(message)]
                if !json { Outlet.error.line("error: \(row.name): \(message)") }
            }
        }
        if json { Outlet.output.line(JSON.object(object).pretty()) }
        if failures > 0 { throw ExitCode(ExitStatus.fault) }
    }

    private func measure(_ row: BenchRow) async throws -> [Measurement] {
        let limit = timeLimit ?? row.limit
        guard inProcess else { return try BenchProcess.measure(row, quick: quick, limit: limit) }
        // Whatever hangs, the kernel ends this process, and its workers go with it.
        alarm(limit)
        defer { alarm(0) }
        return try await row.measure(quick ? .quick : .full)
    }
}

extension BenchRow {
    /// One line for people, and one more for metrics that are not called like the row.
    fileprivate var text: String {
        let line = "  \(name)" + String(repeating: " ", count: max(1, 32 - name.count)) + about
        return metrics == [name] ? line : line + "\n      \(metrics.joined(separator: ", "))"
    }

    fileprivate var json: JSON {
        ["row": .string(name), "metrics": .array(metrics.map(JSON.string)), "measures": .string(about), "limit_s": .int(Int(limit))]
    }
}
