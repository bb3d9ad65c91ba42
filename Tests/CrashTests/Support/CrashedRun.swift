import Glibc
import RayflowCore
import Testing

/// A run of a workflow file that a test disturbs, with what has to hold afterwards.
final class CrashedRun {
    let place: Place
    let file: String
    let program: String
    let arguments: [String]
    /// Finished according to the journal, with the number of their lines at that time. It must not grow.
    private(set) var finished: [String: Int] = [:]
    private(set) var deaths = 0
    var context = ""

    /// At most so many steps at the same time: no more can be in doubt after one death.
    static let cpus = 4

    init(_ place: Place, _ text: String, program: String = "rayflow", arguments: [String] = []) throws {
        self.place = place
        self.program = program
        self.arguments = arguments
        file = place.work + "/workflow.yaml"
        try TextFile.write(text, to: file)
    }

    func begin(adding variables: [String: String] = [:]) throws -> RunningProgram {
        try place.start(
            program, ["run", file, "--output-mode", "json", "--cpus", "\(Self.cpus)"] + arguments, adding: variables)
    }

    func resume(adding variables: [String: String] = [:]) throws -> RunningProgram {
        try place.start(program, ["resume", try id(), "--output-mode", "json", "--cpus", "\(Self.cpus)"], adding: variables)
    }

    func id() throws -> String {
        let runs = place.runs
        guard runs.count == 1 else { throw TestFault("\(context): one run was expected: \(runs)") }
        return runs[0]
    }

    func status() throws -> RunState {
        let status = try place.start(program, ["status", try id(), "--json"])
        let ending = try status.wait()
        guard ending == .exited(0) else { throw TestFault("\(context): status: \(ending): \(status.errors)") }
        return try RunState(status.output)
    }

    /// Whether the journal has got so far that there is something to resume.
    var hasBegun: Bool {
        get throws {
            guard place.runs.count == 1 else { return false }
            return try status().json["workflow"]?.stringValue?.isEmpty == false
        }
    }

    /// After a death: notes what the journal says is finished.
    func noteDeath() throws {
        deaths += 1
        guard try hasBegun else {
            #expect(place.lines.isEmpty, "\(context): a step has run before the run had begun")
            TextFile.removeTree(place.home)
            return
        }
        let counts = place.lineCounts
        for position in try status().finished where finished[position] == nil { finished[position] = counts[position] ?? 0 }
    }

    /// Starts or resumes until the moment, kills, takes notes.
    func strike(_ victims: Victims, _ moment: Moment) throws {
        let program = try place.runs.isEmpty ? begin() : resume()
        try moment.await(program, in: place, since: place.lines.count)
        victims.kill(program)
        let ending = try program.wait()
        guard ending == .signalled(SIGKILL) || ending == .exited(0) else {
            throw TestFault("\(context): it ended by itself: \(ending): \(program.errors)")
        }
        try noteDeath()
    }

    /// Resumes (begins, if it had never begun) and lets it end.
    func complete() throws -> RunState {
        let program = try place.runs.isEmpty ? begin() : resume()
        let ending = try program.wait()
        guard ending == .exited(0) else { throw TestFault("\(context): resume: \(ending): \(program.errors)\(program.output)") }
        return try RunState(program.output)
    }

    /// - Parameters:
    ///   - positions: each of these has to have left its line.
    ///   - countsDeaths: nothing died but by ``strike(_:_:)``, so that in doubt is no more than could run at those times.
    ///   - stepsMayFail: what has failed runs again, without any doubt.
    func check(_ end: RunState, outputs: JSON, positions: Set<String>, countsDeaths: Bool = true, stepsMayFail: Bool = false) throws {
        #expect(end.result == "success", "\(context)")
        #expect(end.outputs == outputs, "\(context): other outputs than undisturbed")
        let counts = place.lineCounts
        #expect(Set(counts.keys) == positions, "\(context): missing \(positions.subtracting(counts.keys).sorted())")
        let status = try status()
        #expect(status.outputs == outputs, "\(context)")
        for (position, count) in counts {
            let (inDoubt, attempts) = status.units[position].map { ($0.inDoubt, $0.attempts) } ?? (0, 0)
            #expect(
                count <= (stepsMayFail ? attempts : 1 + inDoubt),
                "\(context): \(position) ran \(count) times, \(inDoubt) of \(attempts) attempts in doubt")
            if let before = finished[position] { #expect(count == before, "\(context): \(position) was finished and ran again") }
        }
        #expect(!countsDeaths || status.inDoubt <= deaths * Self.cpus, "\(context): \(status.inDoubt) in doubt after \(deaths) deaths")
        place.expectNothingLeft(context)
    }
}
