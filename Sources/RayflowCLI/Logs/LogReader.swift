import Glibc
import Journal
import RayflowCore

/// Shows the logs of a run's steps.
struct LogReader {
    var run: RunFolder
    var step: String?
    /// Nil: the last one.
    var attempt: Int?
    var kinds: [AttemptLogs.Kind]

    private struct Log {
        var position: String
        var attempt: Int
        var kind: AttemptLogs.Kind
        var path: String

        var header: String { "==> \(position), attempt \(attempt), \(kind.rawValue) <==" }
    }

    /// What there is now.
    func show() throws {
        let units = try units()
        try checkAttempt(units)
        let logs = logs(units).filter { AttemptLogs.size($0.path) > 0 }
        // One log alone is shown as it is, for other programs to read.
        for (number, log) in logs.enumerated() {
            if logs.count > 1 { Outlet.output.line(number == 0 ? log.header : "\n\(log.header)") }
            copy(log.path)
        }
        if logs.isEmpty { Outlet.error.line("\(what) has written nothing") }
    }

    /// What there is, and what comes, until all that was asked for has ended.
    func follow() throws {
        var tails: [String: FileTail] = [:]
        var shown: String?
        while true {
            // Asked before the look at the files, so that nothing written before the end is missed.
            let units = try units()
            let isOver = try units.allSatisfy(\.isEnded) && (step != nil && !units.isEmpty || holder() == nil) || holder() == nil
            for log in logs(units) {
                var tail = tails[log.path] ?? FileTail(log.path)
                while true {
                    let bytes = tail.read()
                    if bytes.isEmpty { break }
                    if shown != log.path, step == nil || kinds.count > 1 && shown != nil { Outlet.output.line(log.header) }
                    shown = log.path
                    send(bytes)
                }
                tails[log.path] = tail
            }
            if isOver { return }
            poll(nil, 0, CommandLimits.followMilliseconds)
        }
    }

    private func holder() throws -> RunLock.Info? {
        try Failures.ofJournal { () throws(JournalFault) in try RunLock.peek(run) }
    }

    // MARK: Which logs

    private func units() throws -> [StatusModel.Step] {
        let all = StatusModel(try StatusAnswer.of(run).report).steps
        guard let step else { return all.flatMap(\.units) }
        let found = all.flatMap { unit in unit.id == step ? unit.units : unit.units.filter { $0.id == step } }
        guard !found.isEmpty || all.contains(where: { $0.id == step }) else {
            let names = all.map(\.id)
            let list = names.isEmpty ? "it has no steps yet" : "it has \(names.joined(separator: ", "))"
            throw CommandFailure.usage("run \(run.id) has no step \(step); \(list)")
        }
        return found
    }

    private func logs(_ units: [StatusModel.Step]) -> [Log] {
        units.flatMap { unit -> [Log] in
            guard let number = attempt ?? AttemptLogs.attempts(run, unit.id).last else { return [] }
            let folder = AttemptLogs.folder(run.attempts, unit.id, number)
            return kinds.map { Log(position: unit.id, attempt: number, kind: $0, path: AttemptLogs.file(folder, $0)) }
        }
    }

    /// An attempt that is asked for by its number is there.
    private func checkAttempt(_ units: [StatusModel.Step]) throws {
        guard let attempt else { return }
        let numbers = Set(units.flatMap { AttemptLogs.attempts(run, $0.id) })
        guard !numbers.contains(attempt) else { return }
        let list = numbers.isEmpty ? "it has none" : "it has \(numbers.sorted().map(String.init).joined(separator: ", "))"
        throw CommandFailure.usage("\(what) has no attempt \(attempt); \(list)")
    }

    private var what: String { step.map { "step \($0)" } ?? "run \(run.id)" }

    // MARK: Bytes

    private func copy(_ path: String) {
        var tail = FileTail(path)
        while true {
            let bytes = tail.read()
            if bytes.isEmpty { return }
            send(bytes)
        }
    }

    private func send(_ bytes: [UInt8]) { Outlet.output.write(bytes) }
}
