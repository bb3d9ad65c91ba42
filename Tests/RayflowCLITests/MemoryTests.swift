import RayflowCore
import Testing

@testable import RayflowCLI

@Suite("What an object store holds")
struct MemoryTests {
    private func object(_ name: String, task: String, _ tier: String, raw: Int, arena: Int, disk: Int) -> JSON {
        [
            "object": .string(name), "task": .string(task), "node": "n1", "tier": .string(tier), "raw": .int(raw), "arena": .int(arena),
            "disk": .int(disk), "copy": "primary", "pins": 1, "age": 70, "idle": 3,
        ]
    }

    private var answer: JSON {
        [
            "objects": [
                object("a1", task: "a", "hot", raw: 2 << 20, arena: 2 << 20, disk: 0),
                object("a2", task: "a", "cold", raw: 1 << 20, arena: 0, disk: 1 << 18),
                object("b1", task: "b", "warm", raw: 300_000, arena: 100_000, disk: 0),
            ],
            "total": 9,
            "totals": [
                "capacity": 67_108_864, "arena": 2_197_152, "warm": 100_000, "disk": 262_144, "spill-files": 1, "spilled": 4,
                "restored": 2,
            ],
        ]
    }

    @Test("each object has its size, what it takes up, and their ratio; sums come first")
    func objects() {
        #expect(
            MemoryText(answer, group: nil, source: "now").text == """
                object store as of now
                  memory: 2.1 MiB of 64.0 MiB in use, 97.7 KiB of it compressed
                  disk: 256.0 KiB in 1 files; 4 objects spilled, 2 brought back
                  object  tier  raw        stored     ratio  copy     pins  age   idle
                  a1      hot   2.0 MiB    2.0 MiB    1.0    primary  1     70 s  3 s
                  a2      cold  1.0 MiB    256.0 KiB  4.0    primary  1     70 s  3 s
                  b1      warm  293.0 KiB  97.7 KiB   3.0    primary  1     70 s  3 s
                  3 of 9 objects; --limit shows more
                """)
    }

    @Test("groups are sums of their objects, the largest first", arguments: MemoryText.Group.allCases)
    func groups(group: MemoryText.Group) {
        let rows = MemoryText(answer, group: group, source: "now").rows
        let names: [MemoryText.Group: [String]] = [.task: ["a", "b"], .node: ["n1"], .tier: ["hot", "cold", "warm"]]
        #expect(rows.compactMap { $0[group.rawValue]?.stringValue } == names[group])
        #expect(rows.reduce(0) { $0 + ($1["raw"]?.intValue ?? 0) } == 3_445_728)
        #expect(rows.reduce(0) { $0 + ($1["arena"]?.intValue ?? 0) } == 2_197_152)
        #expect(rows.reduce(0) { $0 + ($1["objects"]?.intValue ?? 0) } == 3)
    }

    @Test("sizes are read as a person writes them")
    func sizes() throws {
        #expect(try RunSettings.size("100").bytes == 100)
        #expect(try RunSettings.size("512M").bytes == 512 << 20)
        #expect(try RunSettings.size("1.5GiB").bytes == 3 << 29)
        for text in ["", "M", "-1", "0", "9999999999T", "12X"] {
            #expect(throws: (any Error).self, "\(text)") { try RunSettings.size(text) }
        }
        #expect(ByteCount(bytes: 0).rounded == "0 B" && ByteCount(bytes: 1023).rounded == "1023 B")
        #expect(ByteCount(bytes: 1024).rounded == "1.0 KiB" && ByteCount(bytes: 1 << 40).rounded == "1.0 TiB")
    }
}
