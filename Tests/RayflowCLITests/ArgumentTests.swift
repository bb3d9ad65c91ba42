import ArgumentParser
import RayflowCore
import Testing
@testable import RayflowCLI

@Suite("The arguments of the command line")
struct ArgumentTests {
    private func parse<T>(_ arguments: [String], as _: T.Type) throws -> T {
        try #require(try RayflowCommand.parseAsRoot(arguments) as? T)
    }

    @Test("an input is split at the first equals sign")
    func inputs() throws {
        let command = try parse(["run", "x.yaml", "--input", "a=b=c", "-i", "empty="], as: RunCommand.self)
        #expect(command.input.map { "\($0.key)|\($0.value)" } == ["a|b=c", "empty|"])
        #expect(throws: (any Error).self) { try RayflowCommand.parseAsRoot(["run", "x.yaml", "--input", "a"]) }
        #expect(throws: (any Error).self) { try RayflowCommand.parseAsRoot(["run", "x.yaml", "--input", "=a"]) }
    }

    @Test("resources reach the cluster under its names")
    func resources() throws {
        let command = try parse(["run", "x.yaml", "--cpus", "2", "--resource", "gpus=0.5", "--resource", "db=3"], as: RunCommand.self)
        #expect(command.settings.resources == [ResourceSet.cpu: 2, ResourceSet.gpu: 0.5, "db": 3])
        #expect(try parse(["run", "x.yaml"], as: RunCommand.self).settings.resources == nil)
    }

    @Test(
        "what makes no sense is refused",
        arguments: [
            ["run"], ["run", "x.yaml", "--cpus", "0"], ["run", "x.yaml", "--cpus", "nan"], ["run", "x.yaml", "--resource", "gpus=-1"],
            ["run", "x.yaml", "--output-mode", "loud"], ["run", "x.yaml", "--sync", "sometimes"], ["resume"], ["fly"],
            ["logs", "latest", "a", "--stdout", "--stderr"], ["logs", "latest", "a", "--attempt", "0"],
            ["graph", "x.yaml", "--format", "svg"],
        ])
    func refused(arguments: [String]) async {
        #expect(throws: (any Error).self) { try RayflowCommand.parseAsRoot(arguments) }
        #expect(await CommandLineEntry.perform(arguments) == ExitStatus.usage)
    }

    @Test("help and version are no failures", arguments: [["--help"], ["--version"], ["help", "run"], ["run", "--help"]])
    func help(arguments: [String]) async { #expect(await CommandLineEntry.perform(arguments) == ExitStatus.success) }

    @Test("status and cancel of a run that does not exist are wrong usage", arguments: ["status", "cancel", "logs", "resume", "graph"])
    func noSuchRun(command: String) async throws {
        let folder = try Folder()
        #expect(await CommandLineEntry.perform([command, "nothing", "--home", folder.path]) == ExitStatus.usage)
    }

    @Test("lint finds faults and exits with 2; a good file exits with 0")
    func lint() async throws {
        let folder = try Folder()
        try folder.write("good.yaml", "rayflow: 1\nsteps:\n  a: {run: \"true\"}\n")
        try folder.write("bad.yaml", "rayflow: 1\nsteps:\n  a: {run: \"true\", need: [b]}\n")
        try folder.write("call.yaml", "rayflow: 1\nsteps:\n  a: {call: nobody.knows}\n")
        #expect(await CommandLineEntry.perform(["lint", folder.path + "/good.yaml"]) == ExitStatus.success)
        #expect(await CommandLineEntry.perform(["lint", folder.path + "/bad.yaml"]) == ExitStatus.usage)
        #expect(await CommandLineEntry.perform(["lint", folder.path + "/call.yaml"]) == ExitStatus.usage)
        #expect(await CommandLineEntry.perform(["lint", folder.path + "/missing.yaml"]) == ExitStatus.usage)
        #expect(await CommandLineEntry.perform(["plan", folder.path + "/good.yaml"]) == ExitStatus.success)
        #expect(await CommandLineEntry.perform(["graph", folder.path + "/good.yaml", "--format", "dot"]) == ExitStatus.success)
        #expect(await CommandLineEntry.perform(["graph", folder.path + "/missing.yaml"]) == ExitStatus.usage)
    }
}
