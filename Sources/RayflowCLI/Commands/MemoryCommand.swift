import ArgumentParser
import Journal
import Rayflow
import RayflowCore

struct MemoryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "memory", abstract: "Show what a run's object store holds.",
        discussion: """
            Values above 100 KiB lie in shared memory: as they are (hot), compressed (warm), or compressed in the spill folder (cold). raw is \
            the size of a value, stored what it takes up, in memory and on disk.

            The process that runs it is asked; a run that is not going on holds nothing.
            """)

    @Argument(help: ArgumentHelp("The run: its id, a unique beginning of it, or 'latest'.", valueName: "run"))
    var target: String = RunHome.latest

    @Option(help: "One line for each: \(MemoryText.Group.allCases.map(\.rawValue).joined(separator: ", ")).")
    var groupBy: MemoryText.Group?

    @Option(help: ArgumentHelp("Objects at most, from 1 to \(StateAccessor.largestLimit), the largest first.", valueName: "n"))
    var limit = 1_000

    @Flag(help: "Write one JSON object.")
    var json = false

    @OptionGroup var home: HomeOption

    func validate() throws {
        guard (1...StateAccessor.largestLimit).contains(limit) else {
            throw ValidationError("--limit \(limit): give a number from 1 to \(StateAccessor.largestLimit)")
        }
    }

    func run() throws {
        let folder = try home.resolve(target)
        let holder = try Failures.ofJournal { () throws(JournalFault) in try RunLock.peek(folder) }
        guard let holder, !holder.session.isEmpty else {
            throw CommandFailure.usage("run \(folder.id) is not going on: it holds nothing in memory")
        }
        let answer: JSON
        do {
            // Groups are of all objects.
            answer = try AdminClient.ask(
                session: holder.session, verb: "memory", argument: "\(groupBy == nil ? limit : StateAccessor.largestLimit)",
                timeout: CommandLimits.adminTimeout)
        } catch { throw CommandFailure.usage("\(holder) answers: \(Failures.text(error))") }
        let now = TimeText.nowMilliseconds
        let text = MemoryText(answer, group: groupBy, source: "\(TimeText.local(milliseconds: now)), told by \(holder), which runs it")
        guard json else { return Outlet.output.line(text.text) }
        var members = answer.objectValue ?? [:]
        if groupBy != nil {
            members["objects"] = nil
            members["groups"] = .array(text.rows.map { .object($0) })
        }
        members["source"] = .string("live")
        members["as-of"] = .int(now)
        Outlet.output.line(JSON.object(members).compact)
    }
}

extension MemoryText.Group: ExpressibleByArgument {}
