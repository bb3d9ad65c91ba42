import RayflowCore
import Testing

@testable import Raylet

@Suite("Messages between engine and step runner")
struct StepMessageTests {
    static let start = StepStart(
        key: 7, attempt: Attempt(epoch: 2, number: 3), arguments: ["sh", "-c", "é"], environment: [EnvironmentVariable("A", "b=c")],
        workdir: "/w", input: .bytes([1, 2]), outputPath: "/o", errorPath: "/e", attemptFolder: "/a", token: "t", timeoutMilliseconds: 9,
        graceMilliseconds: 10, fencePath: "/f")
    static let exit = StepExit(
        outcome: .exited(3), reason: .timeout, startedMonotonic: 1, endedMonotonic: 2, startedWall: 3, endedWall: 4,
        usage: ProcessUsage(userTime: 5, systemTime: 6, maxResidentBytes: 7))

    static var commands: [StepCommand] {
        var plain = start
        plain.input = .none
        plain.timeoutMilliseconds = nil
        var file = start
        file.input = .file("in")
        return [
            .start(start), .start(plain), .start(file), .kill(key: 1, reason: .timeout, graceMilliseconds: 2),
            .kill(key: .max, reason: .cancel, graceMilliseconds: 0), .shutdown,
        ]
    }

    static var reports: [StepReport] {
        var signalled = exit
        signalled.outcome = .signalled(9)
        signalled.reason = .engineLost
        return [
            .started(key: 1, pid: 99), .exited(key: 2, exit: exit, isRecorded: true), .exited(key: 3, exit: signalled, isRecorded: false),
            .failedToStart(key: 4, failure: SpawnFailure(.badWorkdir, errno: 2, "no such folder")),
        ]
    }

    @Test("come out of the stream as they went in, whatever the pieces")
    func roundTrip() throws {
        var writer = ByteWriter()
        for command in Self.commands { command.encode(into: &writer) }
        for piece in [1, 2, 3, 5, 64, writer.count] {
            var frames = StepFrames()
            var commands: [StepCommand] = []
            for at in stride(from: 0, to: writer.count, by: piece) {
                frames.append(writer.bytes[at..<min(at + piece, writer.count)])
                while let body = try frames.next() { commands.append(try StepCommand(body: body)) }
            }
            #expect(commands == Self.commands)
        }
        for report in Self.reports {
            var writer = ByteWriter()
            report.encode(into: &writer)
            var frames = StepFrames()
            frames.append(writer.bytes)
            #expect(try frames.next().map { try StepReport(body: $0) } == report)
            #expect(try frames.next() == nil)
        }
    }

    @Test("have the bytes that they had before")
    func golden() {
        var writer = ByteWriter()
        StepCommand.kill(key: 258, reason: .cancel, graceMilliseconds: 3).encode(into: &writer)
        #expect(writer.bytes == [18, 0, 0, 0, 1, 2, 1, 0, 0, 0, 0, 0, 0, 1, 3, 0, 0, 0, 0, 0, 0, 0])
        writer = ByteWriter()
        StepReport.started(key: 1, pid: 5).encode(into: &writer)
        #expect(writer.bytes == [13, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0])
    }

    @Test("are faults when cut, extended or altered, never traps")
    func damage() throws {
        for command in Self.commands {
            var writer = ByteWriter()
            command.encode(into: &writer)
            try Self.damage(writer.bytes[4...]) { try StepCommand(body: $0) }
        }
        for report in Self.reports {
            var writer = ByteWriter()
            report.encode(into: &writer)
            try Self.damage(writer.bytes[4...]) { try StepReport(body: $0) }
        }
    }

    private static func damage<T>(_ body: ArraySlice<UInt8>, _ decode: (ArraySlice<UInt8>) throws -> T) throws {
        for end in body.indices { #expect(throws: DecodingFault.self) { try decode(body[..<end]) } }
        #expect(throws: DecodingFault.self) { try decode(body + [0]) }
        for index in body.indices {
            for value: UInt8 in [0, 1, 2, 3, 127, 128, 255] {
                var altered = body
                altered[index] = value
                _ = try? decode(altered)
            }
        }
    }

    @Test("are refused above the longest frame")
    func tooLong() throws {
        var writer = ByteWriter()
        writer.u32(UInt32(StepRunnerLimits.frameBytes) + 1)
        var frames = StepFrames()
        frames.append(writer.bytes)
        #expect(throws: DecodingFault.self) { try frames.next() }
    }
}
