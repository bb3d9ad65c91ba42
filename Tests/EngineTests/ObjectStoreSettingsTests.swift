import ObjectStore
import Rayflow
import RayflowCore
import Testing

@Suite("Settings of the object store")
struct ObjectStoreSettingsTests {
    @Test("what is not given comes from the environment, and then from the limits of the store")
    func sources() throws {
        let none = try ObjectStoreSettings(ObjectStoreOptions()) { _ in nil }
        #expect(none.memory == nil && none.rules == TierRules() && none.diskFullPercent == StoreLimits.diskFullPercent)
        #expect(none.spillFolder?.hasPrefix("/var/tmp/rayflow-spill-") == true)
        let variables = [
            "RAYFLOW_OBJECT_STORE_MEMORY": "1000000", "RAYFLOW_OBJECT_STORE_SOFT_LIMIT": "0.5", "RAYFLOW_SPILL_FOLDER": "/scratch/s",
            "RAYFLOW_SPILL_LIMIT": "8192", "RAYFLOW_DISK_LIMIT": "0.9", "RAYFLOW_ROOM_WAIT_MS": "1500", "TMPDIR": "/t",
        ]
        let outside = try ObjectStoreSettings(ObjectStoreOptions()) { variables[$0] }
        #expect(outside.memory == 1_000_000 && outside.spillFolder == "/scratch/s" && outside.diskFullPercent == 90)
        #expect(outside.rules.softLimitPercent == 50 && outside.rules.waitTicks == 2)
        #expect(outside.rules.spillBytes == 8192 && outside.rules.spillFileSize == 8192)
        let given = ObjectStoreOptions(memory: 5, softLimit: 1, spillFolder: "", spillLimit: 1 << 30, diskLimit: 0.2, roomWait: .zero)
        let inside = try ObjectStoreSettings(given) { variables[$0] }
        #expect(inside.memory == 5 && inside.spillFolder == nil && inside.rules.spillBytes == 0 && inside.diskFullPercent == 20)
        #expect(inside.rules.softLimitPercent == 100 && inside.rules.waitTicks == 0)
        let temporary = try ObjectStoreSettings(ObjectStoreOptions()) { $0 == "TMPDIR" ? "/t" : nil }
        #expect(temporary.spillFolder?.hasPrefix("/t/rayflow-spill-") == true)
    }

    @Test(
        "what cannot be meant is refused by name",
        arguments: [
            ("RAYFLOW_OBJECT_STORE_MEMORY", "0"), ("RAYFLOW_OBJECT_STORE_MEMORY", "much"), ("RAYFLOW_OBJECT_STORE_SOFT_LIMIT", "80"),
            ("RAYFLOW_SPILL_LIMIT", "-1"), ("RAYFLOW_DISK_LIMIT", "0"), ("RAYFLOW_ROOM_WAIT_MS", "999999999"),
        ])
    func refused(name: String, value: String) throws {
        let failure = #expect(throws: RayflowError.self) { try ObjectStoreSettings(ObjectStoreOptions()) { $0 == name ? value : nil } }
        #expect(failure?.code == .invalidArgument && failure?.message.contains(name) == true)
    }

    @Test(
        "a spill folder that somebody names and that can take no files is refused at the start",
        arguments: ["/dev/null", "/not/there", "/dev/null/below"])
    func spillFolder(path: String) {
        let error = #expect(throws: RayflowError.self) { try ObjectStoreSettings.checked(ObjectStoreOptions(spillFolder: path)) }
        #expect(error?.code == .invalidArgument && error?.message.contains(path) == true)
    }

    @Test("a spill folder is made when it is needed, in a folder that is there")
    func newSpillFolder() throws {
        #expect(try ObjectStoreSettings.checked(ObjectStoreOptions(spillFolder: "/tmp/rayflow-not-there-yet")).spillFolder != nil)
    }
}
