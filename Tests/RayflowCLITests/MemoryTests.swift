import RayflowCore
import Testing

@testable import RayflowCLI

@Suite("What an object store holds")
struct MemoryTests {
    private static let driver = "process-00000000000000d1@00000000000000a1", worker = "process-00000000000000e1@00000000000000a1"

    private func id(_ task: String, _ index: String = "00000001") -> String {
        task + String(repeating: "0", count: 48 - task.count) + index
    }

    private func object(_ id: String, task: String, _ tier: String, raw: Int, arena: Int, disk: Int, _ more: JSONObject = [:]) -> JSON {
        var object: JSONObject = [
            "object": .string(id), "task": .string(task), "node": "00000000000000a1", "owner": .string(Self.driver),
            "owner-state": "answers", "tier": .string(tier), "state": "sealed", "copy": "primary", "raw": .int(raw), "arena": .int(arena),
            "disk": .int(disk), "stored": .int(arena + disk), "age": 70, "idle": 3, "refs": ["local": 1],
        ]
        for (key, value) in more { object[key] = value }
        return .object(object)
    }

    private func answer(_ objects: [JSON], _ more: JSONObject = [:]) -> JSON {
        var answer: JSONObject = [
            "objects": .array(objects), "total": .int(objects.count),
            "totals": [
                "capacity": 67_108_864, "arena": 2_197_152, "free": 31_357_280, "slabs": 2, "slabs-ready": 1, "in-objects": 2_197_152,
                "warm": 100_000, "disk": 262_144, "disk-in-objects": 262_144, "disk-blocks": 262_144, "spill-files": 1, "spilled": 4,
                "restored": 2,
            ],
            "nodes": [["node": "00000000000000a1", "answers": true]],
            "processes": [
                ["process": .string(Self.driver), "role": "driver", "name": "", "pid": 41, "answers": true],
                ["process": .string(Self.worker), "role": "actor", "name": "App.Keeper", "pid": 42, "answers": true],
            ],
        ]
        for (key, value) in more { answer[key] = value }
        return .object(answer)
    }

    private var three: [JSON] {
        [
            object(id("abcdef01aa"), task: "make", "hot", raw: 2 << 20, arena: 2 << 20, disk: 0),
            object(id("abcdef01ab"), task: "make", "cold", raw: 1 << 20, arena: 0, disk: 1 << 18, ["age": 3_700, "idle": 0]),
            object(id("b0", "80000002"), task: "put in driver", "warm", raw: 300_000, arena: 100_000, disk: 0),
        ]
    }

    private func held(_ more: JSONObject) -> String? {
        let text = MemoryText(answer([object(id("a"), task: "t", "hot", raw: 1, arena: 1, disk: 0, more)]), group: nil, source: "now").text
        return text.split(separator: "\n").first { $0.contains("1.0  ") }?.split(separator: "  ").last.map { String($0.drop { $0 == " " }) }
    }

    @Test("each object has a short name, what made it, whose it is, its size, what it takes up, and what holds it; sums come first")
    func objects() {
        let report = answer(three, ["total": 9])
        #expect(
            MemoryText(report, group: nil, source: "now").text == """
                object store as of now
                  memory: 2.1 MiB of 64.0 MiB in use, 97.7 KiB of it compressed; 29.9 MiB free in 1 of 2 slabs
                    2.1 MiB objects: the sum agrees
                  disk: 256.0 KiB in 1 file, 256.0 KiB of disk blocks; 4 objects spilled, 2 brought back
                    256.0 KiB objects: the sum agrees
                  object         made by        owner      tier  raw        stored     ratio  age         idle  held by
                  abcdef01aa.1   make           driver 41  hot   2.0 MiB    2.0 MiB    1.0    1 min 10 s  3 s   1 ref
                  abcdef01ab.1   make           driver 41  cold  1.0 MiB    256.0 KiB  4.0    1 h 1 min   <1 s  1 ref
                  b000000000.p2  put in driver  driver 41  warm  293.0 KiB  97.7 KiB   3.0    1 min 10 s  3 s   1 ref
                  3 of 9 objects; --limit shows more
                """)
    }

    @Test("what holds an object is said in words")
    func holders() {
        let refs: JSONObject = [
            "refs": ["local": 2, "tasks": 3, "captured": 1, "borrowers": 2, "under-way": 1, "waiting": 1],
            "needed-by": ["sum": 2, "mean": 1], "captured-in": [.string(id("bb"))], "holders": 1,
            "borrowed-by": [.string(Self.worker)], "readers": [.string(Self.worker), "raylet", "transfer"],
        ]
        #expect(
            held(refs)
                == "2 refs, 3 tasks (sum, mean), in 1 object (bb000000.1), borrowed by Keeper 42 and 1 more, 1 waiting, 1 message, "
                + "read by Keeper 42, its node, a transfer")
        #expect(held(["state": "writing", "writer": .string(Self.worker)]) == "being written by Keeper 42")
        #expect(held(["state": "deleted", "readers": [.string(Self.worker)]]) == "deleted, read by Keeper 42")
        let borrowed: JSONObject = ["refs": .null, "holders": 1, "borrowed-by": [.string(Self.worker)]]
        for (state, words) in [
            ("silent", "its owner does not answer, borrowed by Keeper 42"), ("ended", "its owner has ended, borrowed by Keeper 42"),
        ] {
            var more = borrowed
            more["owner-state"] = .string(state)
            #expect(held(more) == words)
        }
        #expect(held(["refs": .null, "owner": .null, "owner-state": "none"]) == "no process knows it")
    }

    @Test("what is in use without being an object that somebody needs has its own words, and what belongs to nothing is said to")
    func accounts() {
        let totals: JSON = [
            "capacity": 100, "arena": 60, "in-objects": 10, "in-writing": 11, "in-deleted": 12, "retired": 13, "in-moves": 14,
            "rounding": 5,
            "disk": 30, "disk-in-objects": 10, "disk-in-moves": 9, "disk-in-deleted": 8, "disk-unexplained": 3, "waiting": 1, "damaged": 2,
        ]
        #expect(
            MemoryTotals(totals).lines == [
                "  memory: 60 B of 100 B in use, 0 B of it compressed; 0 B free in 0 of 0 slabs",
                "    10 B objects, 11 B being written, 12 B deleted, still in use, 13 B let go, still mapped, 14 B moving (5 B of it rounding): "
                    + "the sum agrees",
                "  disk: 30 B in 0 files, 0 B of disk blocks; 0 objects spilled, 0 brought back",
                "    10 B objects, 9 B moving, 8 B being freed: 3 B belong to nothing, please report that",
                "  2 copies came back damaged and were dropped", "  1 requests wait for room",
            ])
    }

    @Test("transfers, values in the processes, and who does not answer stand below")
    func besides() {
        let text = MemoryText(
            answer(
                [],
                [
                    "nodes": [
                        ["node": "a1", "answers": true], ["node": "b2", "answers": false],
                    ],
                    "wanted": [
                        [
                            "object": .string(id("c")), "node": "a1", "kind": "get", "state": "coming", "raw": 10_485_760, "chunks": 1,
                            "of-chunks": 2, "from": "b2",
                        ]
                    ],
                    "sent": [
                        [
                            "object": .string(id("c")), "node": "b2", "to": "a1", "raw": 10_485_760, "chunks": 1, "of-chunks": 2,
                            "under-way": 5_242_880,
                        ]
                    ],
                    "processes": [
                        [
                            "process": .string(Self.driver), "role": "driver", "name": "", "pid": 41, "node": "a1", "answers": true,
                            "small-objects": 2, "small-bytes": 100, "large-objects": 1, "large-bytes": 2_097_152, "pending": 3,
                        ], ["process": .string(Self.worker), "role": "worker", "name": "", "pid": 42, "node": "a1", "answers": false],
                    ],
                ]), group: nil, source: "now"
        ).text
        #expect(
            text == """
                object store as of now
                  node b2 does not answer: what it holds is missing here
                  memory: 2.1 MiB of 64.0 MiB in use, 97.7 KiB of it compressed; 29.9 MiB free in 1 of 2 slabs
                    2.1 MiB objects: the sum agrees
                  disk: 256.0 KiB in 1 file, 256.0 KiB of disk blocks; 4 objects spilled, 2 brought back
                    256.0 KiB objects: the sum agrees
                  no objects
                  1 object of 10.0 MiB comes:
                  object      node  kind  state   raw       chunks  from
                  c0000000.1  a1    get   coming  10.0 MiB  1 of 2  b2
                  1 object of 10.0 MiB goes:
                  object      node  to  raw       chunks  under-way
                  c0000000.1  b2    a1  10.0 MiB  1 of 2  5.0 MiB
                  owned, small values in the process itself:
                  process       small values  bytes  large values  bytes    pending  failed  borrowed
                  driver 41@a1  2             100 B  1             2.0 MiB  3        0       0
                  worker 42@a1 does not answer: what it owns and holds is not known
                """)
    }

    @Test("groups are sums of their objects, the largest first", arguments: MemoryText.Group.allCases)
    func groups(group: MemoryText.Group) {
        let rows = MemoryText(answer(three), group: group, source: "now").rows
        let names: [MemoryText.Group: [String]] = [
            .task: ["make", "put in driver"], .node: ["00000000000000a1"], .tier: ["hot", "cold", "warm"], .owner: [Self.driver],
        ]
        #expect(rows.compactMap { $0[group.rawValue]?.stringValue } == names[group])
        #expect(rows.reduce(0) { $0 + ($1["raw"]?.intValue ?? 0) } == 3_445_728)
        #expect(rows.reduce(0) { $0 + ($1["arena"]?.intValue ?? 0) } == 2_197_152)
        #expect(rows.reduce(0) { $0 + ($1["objects"]?.intValue ?? 0) } == 3)
    }

    @Test("groups can be sorted by what they take up, and objects that were not told one by one make a last group of their own")
    func otherGroups() {
        let left: JSON = ["objects": 7, "raw": 70, "arena": 700, "disk": 0]
        let rows = MemoryText(answer(three, ["left-out": left]), group: .tier, order: .stored, source: "now").rows
        #expect(rows.compactMap { $0["tier"]?.stringValue } == ["hot", "cold", "warm", "(others)"])
        #expect(rows.last?["objects"] == 7 && rows.last?["stored"] == 700)
        let text = MemoryText(answer(three, ["left-out": left]), group: .owner, source: "now").text
        #expect(text.contains("driver 41") && text.contains("(others)"))
    }

    @Test("names are as short as they can be and still differ")
    func names() {
        let names = MemoryNames(answer(three))
        #expect(names.object(id("abcdef01aa")) == "abcdef01aa.1" && names.object("?") == "?")
        #expect(names.process(Self.worker) == "Keeper 42" && names.process("process-0123456789abcdef@1") == "process 01234567")
        let inside = answer(
            [],
            [
                "processes": [
                    ["process": "process-aaaaaaaaaaaaaaaa@1", "role": "worker", "name": "", "pid": 4],
                    ["process": "process-bbbbbbbbbbbbbbbb@1", "role": "worker", "name": "", "pid": 4],
                ]
            ])
        #expect(MemoryNames(inside).process("process-aaaaaaaaaaaaaaaa@1") == "worker 4 (aaaaaaaa)")
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
