import CLinux
import Glibc
import RayflowCore
import Testing

extension CrashTests {
    /// `kill -9` of worker processes while a run of `call:` steps goes on.
    @Suite struct Workers {
        private static let files = 40

        private static func wordCount() throws -> CrashedRun {
            let place = try Place()
            let texts = place.work + "/texts"
            mkdir(texts, 0o700)
            let text = (0..<20_000).map { "word\(Character(UnicodeScalar(UInt8(97 + $0 * 7 % 26)))) and" }.joined(separator: " ")
            for file in 0..<files { try TextFile.write(text, to: "\(texts)/\(file).txt") }
            return try CrashedRun(place, try Example.text("wordcount/wordcount-swift.yaml"), program: "wordcount")
        }

        /// CPU time, in ticks: of two workers the one with more is at work.
        private static func ticks(_ pid: pid_t) -> Int {
            guard let text = TextFile.read("/proc/\(pid)/stat"), let end = text.lastIndex(of: ")") else { return 0 }
            let fields = text[text.index(after: end)...].split(separator: " ")
            return fields.count > 12 ? (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0) : 0
        }

        private static func workers(of program: RunningProgram) -> [pid_t] {
            ProcessList.children(of: program.pid).filter { $0.name == "rayflow-worker" }.map(\.pid)
        }

        /// Kills a worker that has begun to compute since the last look; false when the program ends before.
        private static func killOne(of program: RunningProgram) throws -> Bool {
            var before: [pid_t: Int] = [:]
            return try program.wait {
                for worker in workers(of: program) {
                    let now = ticks(worker)
                    if let then = before[worker], now > then + 1 {
                        kill(worker, SIGKILL)
                        return true
                    }
                    before[worker] = before[worker] ?? now
                }
                return false
            }
        }

        @Test("a run whose workers are killed succeeds, and status tells which calls ran again")
        func kills() throws {
            let undisturbed = try Self.wordCount()
            let outputs = try undisturbed.complete().outputs
            #expect(outputs["total"]?.intValue == Self.files * 40_000)
            let run = try Self.wordCount()
            run.context = "workers killed"
            let program = try run.begin()
            var killed = 0
            for _ in 0..<3 where try Self.killOne(of: program) { killed += 1 }
            #expect(try program.wait() == .exited(0), "\(program.errors)\(program.output)")
            #expect(killed == 3)
            let end = try RunState(program.output)
            #expect(end.result == "success")
            #expect(end.outputs == outputs)
            let retries = end.units.values.reduce(0) { $0 + $1.systemRetries }
            #expect(retries >= 1 && retries <= killed, "\(retries) calls ran again after \(killed) kills: \(program.errors)")
            #expect(try run.status().units.values.reduce(0) { $0 + $1.systemRetries } == retries)
            let told = try run.place.start("rayflow", ["status", try run.id()])
            try told.wait()
            #expect(told.output.contains("after a worker died"), "\(told.output)")
            run.place.expectNothingLeft(run.context)
        }
    }
}
