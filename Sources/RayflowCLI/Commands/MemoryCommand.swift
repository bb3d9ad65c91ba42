import ArgumentParser
import Journal
import Rayflow
import RayflowCore

struct MemoryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "memory", abstract: "Show what a run's object store holds, and who keeps it.",
        discussion: """
            Values above 100 KiB lie in shared memory: as they are (hot), compressed (warm), or compressed in the spill folder (cold). raw is \
            the size of a value, stored what it takes up, in memory and on disk. A value stays while its owner or others have refs to it, \
            tasks need it, or other values refer to it.

            The process that runs it is asked, and asks its workers; a run that is not going on holds nothing.
            """)

    @Argument(help: ArgumentHelp("The run: its id, a unique beginning of it, or 'latest'.", valueName: "run"))
    var target: String = RunHome.latest

    @Option(help: "One line for each: \(MemoryText.Group.allCases.map(\.rawValue).joined(separator: ", ")).")
    var groupBy: MemoryText.Group?

    @Option(help: "The largest first by: \(MemoryOrder.allCases.map(\.name).joined(separator: ", ")).")
    var sortBy = GivenOrder()

    @Option(help: ArgumentHelp("Objects at most, from 1 to \(StateAccessor.largestLimit).", valueName: "n"))
    var limit = 1_000

    @Flag(help: "Write one JSON object.")
    var json = false

    @OptionGroup var home: HomeOption

    func validate() throws {
        guard (1...StateAccessor.largestLimit).contains(limit) else {
            throw ValidationError("--limit \(limit): give a number from 1 to \(StateAccessor.largestLimit)")
        }
        if groupBy != nil, sortBy.order == .age || sortBy.order == .idle {
            throw ValidationError("--sort-by \(sortBy.order.name): a group has no \(sortBy.order.name); sort groups by raw or stored")
        }
    }

    func run() throws {
        let folder = try home.resolve(target)
        let holder = try Failures.ofJournal { () throws(JournalFault) in try RunLock.peek(folder) }
        guard let holder, !holder.session.isEmpty else {
            throw CommandFailure.usage("run \(folder.id) is not going on: it holds nothing in memory")
        }
        // Groups are of all objects.
        let question: JSON = ["limit": .int(groupBy == nil ? limit : StateAccessor.largestLimit), "order": .string(sortBy.order.name)]
        let answer: JSON
        do {
            answer = try AdminClient.ask(
                session: holder.session, verb: "memory", argument: question.compact, timeout: CommandLimits.memoryTimeout)
        } catch { throw CommandFailure.usage("\(holder) answers: \(Failures.text(error))") }
        let now = TimeText.nowMilliseconds
        let text = MemoryText(
            answer, group: groupBy, order: sortBy.order, source: "\(TimeText.local(milliseconds: now)), told by \(holder), which runs it")
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

/// A ``MemoryOrder`` as it is given.
struct GivenOrder: ExpressibleByArgument {
    var order = MemoryOrder.raw

    init() {}
    init?(argument: String) {
        guard let order = MemoryOrder(name: argument) else { return nil }
        self.order = order
    }
    var defaultValueDescription: String { order.name }
    static var allValueStrings: [String] { MemoryOrder.allCases.map(\.name) }
}
