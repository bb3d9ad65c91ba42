import Rayflow
import Raylet
import RayflowCore
import Testing

@Suite("Settings of the memory monitor")
struct MemoryMonitorSettingsTests {
    @Test("are as Ray has them, unless the environment says otherwise, unless the program does")
    func precedence() throws {
        let none = try MemoryMonitorSettings(MemoryMonitorOptions()) { _ in nil }
        #expect(none.rules.usageThreshold == nil && none.refreshNS == 250_000_000 && none.taskOOMRetries == -1)
        let variables = [
            "RAYFLOW_MEMORY_USAGE_THRESHOLD": "0.5", "RAYFLOW_MEMORY_MONITOR_REFRESH_MS": "20", "RAYFLOW_TASK_OOM_RETRIES": "4",
        ]
        let outside = try MemoryMonitorSettings(MemoryMonitorOptions()) { variables[$0] }
        #expect(outside.rules.usageThreshold == 0.5 && outside.refreshNS == 20_000_000 && outside.taskOOMRetries == 4)
        let given = MemoryMonitorOptions(usageThreshold: 0.9, refresh: .seconds(1), taskOOMRetries: 0)
        let inside = try MemoryMonitorSettings(given) { variables[$0] }
        #expect(inside.rules.usageThreshold == 0.9 && inside.refreshNS == 1_000_000_000 && inside.taskOOMRetries == 0)
        #expect(try MemoryMonitorSettings(.off) { variables[$0] }.refreshNS == 0)
    }

    @Test(
        "are refused with the name of what is wrong",
        arguments: [
            ("RAYFLOW_MEMORY_USAGE_THRESHOLD", "half"), ("RAYFLOW_MEMORY_USAGE_THRESHOLD", "nan"), ("RAYFLOW_MEMORY_USAGE_THRESHOLD", "0"),
            ("RAYFLOW_MEMORY_MONITOR_REFRESH_MS", "-1"), ("RAYFLOW_MEMORY_MONITOR_REFRESH_MS", "99999999999999999"),
            ("RAYFLOW_TASK_OOM_RETRIES", "1.5"), ("RAYFLOW_TASK_OOM_RETRIES", "-2"),
        ])
    func refused(name: String, value: String) {
        do {
            _ = try MemoryMonitorSettings(MemoryMonitorOptions()) { $0 == name ? value : nil }
            Issue.record("\(name)=\(value) was taken")
        } catch {
            #expect(error.code == .invalidArgument)
            #expect(error.message.contains(name) && error.message.contains(value))
        }
    }

    @Test("given by the program are refused as well")
    func refusedOptions() {
        for options in [
            MemoryMonitorOptions(usageThreshold: 1.5), .init(usageThreshold: .nan), .init(refresh: .seconds(-1)),
            .init(refresh: .seconds(Int64.max)), .init(taskOOMRetries: -2),
        ] {
            #expect(throws: RayflowError.self) { try MemoryMonitorSettings(options) { _ in nil } }
        }
    }
}
