import Foundation
import Testing

@testable import Workflow

@Suite("Files that are no workflows") struct WorkflowFileFaultTests {
    private func faults(_ name: String, _ bytes: [UInt8]) throws -> String {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("rayflow-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent(name)
        try Data(bytes).write(to: file)
        return Reading.faults { _ = try WorkflowLoader.load(path: file.path) }.replacingOccurrences(of: folder.path + "/", with: "")
    }

    @Test("a missing file, a folder, a device, no path")
    func noFile() {
        #expect(Reading.faults { _ = try WorkflowLoader.load(path: "/nowhere/w.yaml") } == "/nowhere/w.yaml: error[RF001]: no such file")
        #expect(
            Reading.faults { _ = try WorkflowLoader.load(path: "/tmp") } == """
                /tmp: error[RF001]: is a directory
                  hint: name the workflow file within it
                """)
        #expect(Reading.faults { _ = try WorkflowLoader.load(path: "/dev/null") } == "/dev/null: error[RF001]: is no regular file")
        #expect(Reading.faults { _ = try WorkflowLoader.load(path: "") } == ": error[RF001]: '' is no path")
        #expect(
            Reading.faults { _ = try WorkflowLoader.load(path: "/dev/null/x") }
                == "/dev/null/x: error[RF001]: cannot be opened: Not a directory")
    }

    @Test("bytes that are no UTF-8 text")
    func notText() throws {
        #expect(
            try faults("w.yaml", Array("a: 1\nb: ".utf8) + [0xFF, 0x0A]) == """
                w.yaml:2:4: error[RF003]: is not UTF-8 text: byte 0xFF
                  hint: save the file as UTF-8
                """)
        #expect(try faults("w.yaml", [0xFF, 0xFE, 0x61, 0]).hasPrefix("w.yaml: error[RF003]: is UTF-16 text"))
        #expect(try faults("w.yaml", [0x61, 0xC3]).hasPrefix("w.yaml:1:2: error[RF003]: is not UTF-8 text: byte 0xC3"))
        #expect(try faults("w.yaml", [0x7F, 0x45, 0x4C, 0x46, 0]).hasPrefix("w.yaml:1:1: error[RF011]"))
        #expect(try faults("w.yaml", []) == "w.yaml: error[RF002]: the file is empty")
    }

    @Test("text that is YAML but no workflow")
    func noWorkflow() throws {
        #expect(
            try faults("w.yaml", Array("hello\n".utf8)) == """
                w.yaml:1:1: error[RF103]: a workflow file wants a map, this is a string
                  1 | hello
                    | ^
                  hint: begin with 'rayflow: 1' and 'steps:'
                """)
    }

    @Test("any bytes give a value or a fault, never a trap")
    func noise() throws {
        var state: UInt64 = 42
        func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
        let alphabet = Array(
            "rayflow: 1\nsteps:\n  a:\n    run: &x |>-'\"[]{},?#!%@`*<<${{ steps.a.outputs.b }}\t\\u0041 if for-each item".utf8)
        for _ in 0..<3000 {
            let bytes = (0..<Int(next() % 80)).map { _ in
                next() % 50 == 0 ? UInt8(truncatingIfNeeded: next()) : alphabet[Int(next()) % alphabet.count]
            }
            for prefix in ["", "rayflow: 1\nsteps:\n  a: {run: x}\n  b:\n    with: "] {
                guard let source = try? SourceText(file: "t", checking: Array(prefix.utf8) + bytes) else { continue }
                _ = try? WorkflowLoader.load(text: String(decoding: source.bytes, as: UTF8.self), file: "t")
            }
        }
    }
}
