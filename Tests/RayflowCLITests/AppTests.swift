import Foundation
import Testing
@testable import RayflowCLI
@testable import Workflow

@Suite("The program that a workflow names")
struct AppTests {
    @Test("a source is newer than a build only when it is one, and not in hidden folders or tests")
    func sources() throws {
        let folder = try Folder()
        for name in ["Package.swift", "Sources/A/a.swift", ".build/x.swift", "Tests/t.swift", "Sources/A/data.txt"] {
            try folder.write(name, "")
        }
        #expect(SourceSearch(since: 0).finds(in: folder.path))
        #expect(!SourceSearch(since: UInt64.max).finds(in: folder.path))

        let others = try Folder()
        for name in [".build/x.swift", "Tests/t.swift", "notes.md"] { try others.write(name, "") }
        #expect(!SourceSearch(since: 0).finds(in: others.path))
    }

    @Test(
        "a path that leads nowhere, to a folder, or to a folder without package says so",
        arguments: ["app: nowhere", "app: .", "app: {package: ., product: x}"])
    func absent(app: String) throws {
        let folder = try Folder()
        try folder.write("w.yaml", "rayflow: 1\n\(app)\nsteps:\n  a: {run: \"true\"}\n")
        let workflow = try WorkflowLoader.load(path: folder.path + "/w.yaml")
        let failure = try #require(throws: CommandFailure.self) { try AppHandover.become(appOf: workflow) }
        #expect(failure.status == ExitStatus.usage)
        #expect(failure.message.contains(folder.path))
    }

    @Test("the running program needs no handing over, whatever path leads to it")
    func same() throws {
        let folder = try Folder()
        let own = try #require(Paths.real("/proc/self/exe"))
        try folder.write("w.yaml", "rayflow: 1\napp: \(own)\nsteps:\n  a: {run: \"true\"}\n")
        try AppHandover.become(appOf: WorkflowLoader.load(path: folder.path + "/w.yaml"))
    }

    @Test("a package's product is this program when it lies in the package's build folder")
    func running() throws {
        let own = try #require(Paths.real("/proc/self/exe"))
        let build = try #require(own.range(of: "/.build/"))
        let name = try #require(own.split(separator: "/").last.map(String.init))
        #expect(PackageBuild(folder: String(own[..<build.lowerBound]), product: name).isRunning)
        #expect(!PackageBuild(folder: String(own[..<build.lowerBound]), product: "other").isRunning)
        #expect(!PackageBuild(folder: "/usr", product: name).isRunning)
    }

    @Test("a file's folder is found through relative paths and links to folders")
    func folders() throws {
        let folder = try Folder()
        try folder.write("real/w.yaml", "")
        #expect(Paths.folder(ofFile: folder.path + "/real/../real/w.yaml") == Paths.real(folder.path + "/real"))
        #expect(Paths.resolve("../x", in: "/a/b") == "/a/b/../x")
        #expect(Paths.resolve("/x", in: "/a/b") == "/x")
    }
}
