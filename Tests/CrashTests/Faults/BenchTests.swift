import RayflowCore
import Testing

extension CrashTests {
    /// `rayflow bench` as a person runs it.
    @Suite struct Bench {
        @Test("a row gives its metrics as JSON and leaves nothing behind")
        func row() throws {
            let place = try Place()
            let bench = try place.start("rayflow", ["bench", "--quick", "--json", "--only", "init", "nested_100x10"])
            #expect(try bench.wait() == .exited(0), "\(bench.errors)")
            let found = try #require(try JSON.parse(bench.output).objectValue)
            #expect(
                found.map(\.key).sorted()
                    == ["init_call_s", "init_first_task_s", "init_s", "nested_100x10", "process_total_s", "shutdown_s"])
            for (name, figures) in found {
                let figures = try #require(figures.objectValue)
                #expect(figures["runs"] == 1 && figures["unit"] == "s" && figures["median"]?.doubleValue ?? 0 > 0, "\(name)")
            }
            place.expectNothingLeft("bench")
        }

        @Test("a row that takes too long is ended with its workers, says so, and does not stop the others")
        func limit() throws {
            let place = try Place()
            let bench = try place.start("rayflow", ["bench", "--json", "--only", "idle", "queued_1m", "--time-limit", "2"])
            #expect(try bench.wait() == .exited(5), "\(bench.errors)")
            let found = try #require(try JSON.parse(bench.output).objectValue)
            for row in ["idle", "queued_1m"] {
                let message = found[row]?.objectValue?["error"]?.stringValue ?? ""
                #expect(message.contains("longer than 2 s"), "\(row): \(message)")
            }
            #expect(place.settle().isEmpty)
        }
    }
}
