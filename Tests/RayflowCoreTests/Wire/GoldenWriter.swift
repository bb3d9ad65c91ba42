import Foundation
import RayflowCore
import Testing

/// Writes ``WireGolden`` anew after a deliberate change of the protocol:
///
///     RAYFLOW_WRITE_GOLDEN=$PWD/Tests/RayflowCoreTests/Wire/WireGolden.swift swift test --filter GoldenWriter
@Suite("GoldenWriter", .enabled(if: ProcessInfo.processInfo.environment["RAYFLOW_WRITE_GOLDEN"] != nil))
struct GoldenWriter {
    private static let width = 120

    @Test("the bytes of today's samples become the golden ones")
    func write() throws {
        let path = try #require(ProcessInfo.processInfo.environment["RAYFLOW_WRITE_GOLDEN"])
        let messages = WireSamples.messages.map { sample in
            let wire = sample.message.wire
            return (sample.name, [type(of: wire).kind].hex + " " + wire.body.hex)
        }
        let records = WireSamples.records.map { ($0.name, $0.record.bytes.hex) }
        let text = """
            /// What the bytes of each sample were when its layout was fixed: the kind, then the body. A change here is a change of the protocol.
            enum WireGolden {
            \(Self.table("messages", messages))

            \(Self.table("records", records))
            }

            """
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    private static func table(_ name: String, _ rows: [(String, String)]) -> String {
        let lines = rows.map { name, bytes in
            if bytes.count <= Self.width - 20 { return "        \"\(name)\": \"\(bytes)\"," }
            var pieces: [Substring] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                pieces.append(rest.prefix(Self.width))
                rest = rest.dropFirst(Self.width)
            }
            let body = pieces.joined(separator: "\\\n        ")
            return "        \"\(name)\": \"\"\"\n        \(body)\n        \"\"\","
        }
        return "    static let \(name): [String: String] = [\n\(lines.joined(separator: "\n"))\n    ]"
    }
}
