import Glibc
import Synchronization

/// Named places at which a test makes this process die, as by `kill -9`.
///
/// `RAYFLOW_FAIL_POINT=name` dies at the first hit of that name in a process, `name:n` at the n-th. Hits are counted per process, and child
/// processes inherit the variable. While it is unset a hit costs one atomic load.
public enum FailPoint {
    /// Every name that ``hit(_:)`` is called with, in the order of a record's life. Crash tests go through this list.
    public static let all: [String] = [
        // Journal: around the write(2) of a batch of records.
        "journal.before-append", "journal.after-append",
        // Journal: around fdatasync of the segment.
        "journal.before-sync", "journal.after-sync",
        // Journal: a new segment is complete under its temporary name; and has its final name.
        "journal.before-segment", "journal.after-segment",
        // Files replaced as a whole (plan, exit reports, persisted outputs): around the rename.
        "file.before-rename", "file.after-rename",
        // Raylet: around the spawn of a worker.
        "spawn.before", "spawn.after",
        // Engine: a step's exit was reported to it; and its owner has been told.
        "exit.before-report", "exit.after-report",
        // Step runner: around the spawn of a step, around its exit file, and after its exit was reported.
        "runner.before-spawn", "runner.after-spawn", "runner.before-exit-file", "runner.after-exit-file", "runner.after-exit-report",
        // Owner: around the move of ownership with a reply.
        "ownership.before-move", "ownership.after-move",
    ]

    /// Does nothing unless the environment armed this name and this is the hit that it asks for; then the process is gone.
    public static func hit(_ name: StaticString) {
        if let armed { strike(armed, name) }
    }

    /// What is wrong with `RAYFLOW_FAIL_POINT`, for a start-up message; nil when it is unset or names a known point.
    public static var complaint: String? {
        guard let text = setting else { return nil }
        guard let armed else { return "RAYFLOW_FAIL_POINT=\(text) is not of the form name or name:n with n from 1" }
        return all.contains(armed.name)
            ? nil : "RAYFLOW_FAIL_POINT names no fail point: \(armed.name); known are \(all.joined(separator: ", "))"
    }

    static func parse(_ text: String) -> (name: String, hit: Int)? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard let name = parts.first, !name.isEmpty, parts.count <= 2 else { return nil }
        guard parts.count == 2 else { return (String(name), 1) }
        guard let hit = Int(parts[1]), hit >= 1 else { return nil }
        return (String(name), hit)
    }

    private final class Armed: Sendable {
        let name: String
        let hit: Int
        let hits = Atomic<Int>(0)
        init(name: String, hit: Int) {
            self.name = name
            self.hit = hit
        }
    }

    private static var setting: String? {
        guard let value = getenv("RAYFLOW_FAIL_POINT") else { return nil }
        let text = String(cString: value)
        return text.isEmpty ? nil : text
    }

    private static let armed: Armed? = setting.flatMap(parse).map { Armed(name: $0.name, hit: $0.hit) }

    @inline(never)
    private static func strike(_ armed: Armed, _ name: StaticString) {
        guard armed.name == name.description, armed.hits.wrappingAdd(1, ordering: .relaxed).newValue == armed.hit else { return }
        // So that a test can tell whether the place was reached at all.
        let line = Array("rayflow: fail point \(name)\n".utf8)
        _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        kill(getpid(), SIGKILL)
        // The signal may be taken by another thread first; nothing after this point may happen here.
        while true { pause() }
    }
}
