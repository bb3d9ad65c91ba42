import Testing
@testable import RayflowCLI
@testable import Workflow

@Suite("What steps have written")
struct LogTests {
    @Test("a tail gives each byte once, and nothing before there is a file")
    func tail() throws {
        let folder = try Folder()
        var tail = FileTail(folder.path + "/log")
        #expect(tail.read().isEmpty)
        try folder.write("log", "one")
        #expect(tail.read() == Array("one".utf8))
        #expect(tail.read().isEmpty)
        try folder.append("log", " two")
        #expect(tail.read() == Array(" two".utf8))
    }

    @Test("pieces become whole lines; the last one may have no end")
    func lines() {
        var lines = LineSplitter()
        #expect(lines.add(Array("a\nb".utf8)) == ["a"])
        #expect(lines.add(Array("c\n\nd".utf8)) == ["bc", ""])
        #expect(lines.rest() == ["d"])
        #expect(lines.rest().isEmpty)
    }

    @Test("a line without end is not held for ever")
    func longLine() {
        var lines = LineSplitter()
        let long = [UInt8](repeating: 0x61, count: CommandLimits.heldLineBytes + 1)
        #expect(lines.add(long).first?.utf8.count == long.count)
        #expect(lines.rest().isEmpty)
    }

    @Test("a running step's lines carry its name; its end brings what is left, also of a retried attempt")
    func follower() throws {
        let folder = try Folder()
        try folder.write("s[a]/1/stdout.log", "out\nhalf")
        try folder.write("s[a]/1/stderr.log", "err\n")
        var logs = LogFollower(attempts: folder.path)
        #expect(logs.read().isEmpty)
        #expect(logs.on(.started(position: "s[a]", attempt: 1)).isEmpty)
        #expect(logs.read() == "[s[a]] out\n[s[a]] err\n")
        #expect(logs.on(.done("s[a]")) == "[s[a]] half\n")
        #expect(logs.on(.done("s[a]")).isEmpty)
        try folder.write("s[a]/2/stdout.log", "again\n")
        _ = logs.on(.started(position: "s[a]", attempt: 2))
        #expect(logs.finish() == "[s[a]] again\n")
    }
}
