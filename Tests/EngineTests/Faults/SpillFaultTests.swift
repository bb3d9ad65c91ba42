import EngineTestRemotes
import Foundation
import Glibc
import ObjectStore
import Rayflow
import RayflowCore
import Testing
import Transport

extension EngineTests {
    /// What becomes of a program whose spill files are damaged under it: no wrong byte ever, results are made again, and what was only put is
    /// lost by name.
    @Suite("Damaged spill files under a running program", .serialized)
    struct SpillFaultTests {
        private static let words = 1 << 18
        private static let count = 40
        private static let contents = (0..<count).map { Spilled.noise(words, seed: $0) }
        private static let sums = contents.map { $0.reduce(0, &+) }

        private static func isRight(_ values: RemoteBuffer<UInt64>, _ number: Int) -> Bool {
            values.withSpan { span in
                span.withUnsafeBytes { read in
                    contents[number].withUnsafeBytes { $0.count == read.count && memcmp($0.baseAddress!, read.baseAddress!, $0.count) == 0 }
                }
            }
        }

        /// The spill files that are open in this process, which the store has no names for either.
        private struct Files {
            var all: [(descriptor: Int32, size: Int)] = []

            init(in folder: String) {
                let listed = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
                for name in listed {
                    guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + name),
                        target.hasPrefix(folder + "/spill-"), let descriptor = Int32(name)
                    else { continue }
                    var status = stat()
                    if fstat(descriptor, &status) == 0 { all.append((descriptor, Int(status.st_size))) }
                }
            }

            func flip(_ count: Int, using random: inout StormRandom) {
                for _ in 0..<count {
                    guard let file = all.randomElement(using: &random), file.size > 0 else { return }
                    let at = off_t.random(in: 0..<off_t(file.size), using: &random)
                    var byte: UInt8 = 0
                    guard pread(file.descriptor, &byte, 1, at) == 1 else { continue }
                    byte ^= 1 << UInt8.random(in: 0..<8, using: &random)
                    _ = pwrite(file.descriptor, &byte, 1, at)
                }
            }

            func cut(using random: inout StormRandom) {
                for file in all { ftruncate(file.descriptor, off_t.random(in: 0...off_t(file.size), using: &random)) }
            }
        }

        enum Damage: CaseIterable { case flipped, cut }

        private func withSpills(
            _ body: (Cluster, EmbeddedCluster, _ damage: (Damage, UInt64) -> Void) async throws -> Void
        ) async throws {
            let scratch = Scratch(), folder = scratch.file("spill")
            try await withCluster(storeBytes: 64 << 20, configure: { $0.objectStore.spillFolder = folder }) { ray, embedded in
                try await body(ray, embedded) { damage, seed in
                    var random = StormRandom(seed: seed)
                    let files = Files(in: folder)
                    #expect(!files.all.isEmpty)
                    switch damage {
                    case .flipped: files.flip(6, using: &random)
                    case .cut: files.cut(using: &random)
                    }
                }
            }
        }

        private func statistics(_ embedded: EmbeddedCluster) throws -> StoreStatistics {
            try embedded.loop.sync { embedded.raylet.statistics }
        }

        /// Nothing is on its way between the tiers.
        private func settled(_ embedded: EmbeddedCluster) async throws -> StoreStatistics {
            try await eventually { try statistics(embedded).movesUnderWay == 0 }
            return try statistics(embedded)
        }

        @Test("results are made again from lineage, byte for byte, by the driver's reads and for tasks", arguments: Damage.allCases)
        func results(_ damage: Damage) async throws {
            try await withSpills { ray, embedded, spoil in
                let refs = (0..<Self.count).map { Spilled.make.options(maxRetries: -1).remote(Self.words, $0) }
                _ = try await ray.wait(refs, count: refs.count)
                for round in 0..<6 as Range<UInt64> {
                    #expect(try await settled(embedded).coldObjects > 0)
                    spoil(damage, round)
                    var order = StormRandom(seed: round)
                    for number in refs.indices.shuffled(using: &order) {
                        if number % 3 == 0 {
                            let sum = try await Spilled.sum.remote(refs[number].view()).get()
                            #expect(sum == Self.sums[number], "round \(round), result \(number)")
                        } else {
                            let isRight = Self.isRight(try await refs[number].view().get(), number)
                            #expect(isRight, "round \(round), result \(number)")
                        }
                    }
                }
                #expect(try statistics(embedded).damaged > 0)
            }
        }

        @Test(
            "what was put is read as it was, or is lost as PUT with an error that says what is wrong with its copy; tasks hear the same",
            arguments: Damage.allCases)
        func puts(_ damage: Damage) async throws {
            try await withSpills { ray, embedded, spoil in
                var lost = 0
                for round in 0..<4 as Range<UInt64> {
                    let refs = try (0..<Self.count).map { try ray.put(Self.contents[$0]) }
                    #expect(try await settled(embedded).coldObjects > 0)
                    spoil(damage, round &+ 100)
                    for number in refs.indices {
                        let outcome = await refs[number].view().outcome()
                        let sum = await Spilled.sum.remote(refs[number].view()).outcome()
                        switch outcome {
                        case .success(let values):
                            let isRight = Self.isRight(values, number)
                            #expect(isRight, "round \(round), object \(number)")
                            guard case .success(let total) = sum else { Issue.record("a task had no value: \(sum)"); continue }
                            #expect(total == Self.sums[number])
                        case .failure(let error):
                            lost += 1
                            #expect(error.code == .objectLost && error.reason == .put, "\(error)")
                            let names = ["checksum", "ends at byte", "says that it has", "packed bytes", "a chunk"]
                            #expect(names.contains { error.message.contains($0) }, "\(error)")
                            if case .failure(let error) = sum {
                                #expect(error.code == .objectLost && error.message.contains("was put"), "\(error)")
                            } else {
                                Issue.record("a task had a value that nobody else has")
                            }
                        }
                    }
                }
                #expect(lost > 0)
                #expect(try statistics(embedded).damaged == lost)
            }
        }

        @Test("a task that finds the damage gets the argument that was made again, or the reason why that cannot be")
        func arguments() async throws {
            try await withSpills { ray, embedded, spoil in
                let results = (0..<Self.count).map { Spilled.make.options(maxRetries: -1).remote(Self.words, $0) }
                _ = try await ray.wait(results, count: results.count)
                for round in 0..<4 as Range<UInt64> {
                    #expect(try await settled(embedded).coldObjects > 0)
                    spoil(round % 2 == 0 ? .flipped : .cut, round &+ 7)
                    let sums = results.map { Spilled.sum.remote($0.view()) }
                    for (number, sum) in zip(0..., try await ray.get(sums)) {
                        #expect(sum == Self.sums[number], "round \(round), result \(number)")
                    }
                }
                #expect(try statistics(embedded).damaged > 0)
            }
        }
    }
}
