import EngineTestRemotes
import Foundation
import Glibc
import ObjectStore
import Rayflow
import RayflowCore
import Synchronization
import Testing
import Transport

extension EngineTests {
    /// A store that gets no room, from the disk, the folder or the memory: the right error, nothing lost, and on it goes when there is room.
    @Suite("No room under a running program", .serialized)
    struct RoomFaultTests {
        private static let words = 1 << 19

        private func statistics(_ embedded: EmbeddedCluster) throws -> StoreStatistics {
            try embedded.loop.sync { embedded.raylet.statistics }
        }

        /// Results of 4 MiB, one after the other, until one fails.
        private func fill(
            _ refs: inout [ObjectRef<[UInt64]>], from first: Int = 0, atMost count: Int = 64
        ) async throws -> RayflowError? {
            while refs.count < count {
                let ref = Spilled.make.options(maxRetries: -1).remote(Self.words, first + refs.count)
                if case .failure(let error) = await ref.outcome() { return error }
                refs.append(ref)
            }
            return nil
        }

        private func areRight(_ refs: [ObjectRef<[UInt64]>]) async throws {
            for (number, ref) in refs.enumerated() {
                let isEqual = try await ref.get() == Spilled.noise(Self.words, seed: number)
                #expect(isEqual, "result \(number)")
            }
        }

        @Test("a full disk fails the results of tasks by name with what to do, and with space on it the same program goes on")
        func disk() async throws {
            let scratch = Scratch()
            guard mount("none", scratch.path, "tmpfs", 0, "size=96m") == 0 else {
                return print("a full disk: skipped, this user may not mount a tmpfs")
            }
            defer { umount2(scratch.path, Int32(MNT_DETACH)) }
            let filler = scratch.file("filler")
            #expect(FileManager.default.createFile(atPath: filler, contents: Data(count: 64 << 20)))
            try await withCluster(
                storeBytes: 64 << 20,
                configure: { options in
                    options.objectStore.spillFolder = scratch.file("spill")
                    options.objectStore.diskFullPercent = 100
                    options.objectStore.rules.waitTicks = 0
                }
            ) { _, embedded in
                var refs: [ObjectRef<[UInt64]>] = []
                let error = try #require(try await fill(&refs))
                #expect(error.code == .outOfDisk && error.task == "spilled.make", "\(error)")
                for text in ["nothing more can be spilled", "made and kept by refs"] {
                    #expect(error.message.contains(text), "\(error)")
                }
                #expect(refs.count > 8)
                try FileManager.default.removeItem(atPath: filler)
                // The folder is tried again after a while.
                try await refill(&refs, atMost: 24)
                try await areRight(refs)
                #expect(try statistics(embedded).damaged == 0)
            }
        }

        /// Again and again, as a program does that is told to come back later.
        private func refill(_ refs: inout [ObjectRef<[UInt64]>], atMost count: Int) async throws {
            var error: RayflowError?
            for _ in 0..<1_000 {
                error = try await fill(&refs, atMost: count)
                if error == nil { return }
                try await Task.sleep(for: .milliseconds(50))
            }
            Issue.record("there is still no room: \(String(describing: error))")
        }

        @Test("a spill folder that is taken away, and another thing put in its place, is named by the error; without that thing it goes on")
        func folder() async throws {
            let scratch = Scratch(), folder = scratch.file("spill")
            try await withCluster(
                storeBytes: 64 << 20,
                configure: { options in
                    options.objectStore.spillFolder = folder
                    // A new file is needed soon.
                    options.objectStore.rules.spillFileSize = 16 << 20
                    options.objectStore.rules.waitTicks = 0
                }
            ) { _, embedded in
                var refs: [ObjectRef<[UInt64]>] = []
                #expect(try await fill(&refs, atMost: 18) == nil)
                #expect(try statistics(embedded).coldObjects > 0)
                #expect(rmdir(folder) == 0 && FileManager.default.createFile(atPath: folder, contents: nil))
                let error = try #require(try await fill(&refs))
                #expect(error.code == .objectStoreFull && error.message.contains("\(folder): Not a directory"), "\(error)")
                #expect(unlink(folder) == 0)
                try await refill(&refs, atMost: refs.count + 8)
                try await areRight(refs)
                #expect(try statistics(embedded).damaged == 0)
            }
        }

        @Test("a machine without memory for the store is an error that says so, for tasks and for the driver, and passes with the shortage")
        func memory() async throws {
            // What the machine has left beside the 256 MiB that the store leaves alone.
            let left = Mutex(Int(100) << 20)
            try await withCluster(
                storeBytes: 256 << 20,
                configure: { options in
                    options.objectStore.spillFolder = nil
                    options.objectStore.rules.spillBytes = 0
                    options.objectStore.rules.warmLimitPercent = 0
                    options.objectStore.rules.waitTicks = 0
                    options.memoryProbe = MemoryProbe {
                        .init(total: 4 << 30, available: left.withLock { (256 << 20) + $0 })
                    }
                }
            ) { ray, embedded in
                var refs: [ObjectRef<[UInt64]>] = [try ray.put(Spilled.noise(Self.words, seed: 0))]
                left.withLock { $0 = 1 << 20 }
                let error = try #require(try await fill(&refs))
                #expect(error.code == .objectStoreFull && error.message.contains("could not grow"), "\(error)")
                let refusal = #expect(throws: RayflowError.self) { try ray.put(Spilled.noise(Self.words, seed: 0)) }
                #expect(refusal?.code == .objectStoreFull && refusal?.message.contains("could not grow") == true)
                #expect(try statistics(embedded).slabsReady == 1)
                try await areRight(refs)
                left.withLock { $0 = 1 << 30 }
                try await refill(&refs, atMost: refs.count + 8)
                try await areRight(refs)
            }
        }
    }

    @Suite("Workers that die with objects in their hands", .serialized)
    struct DeadHolderTests {
        private static let words = 1 << 18

        private func statistics(_ embedded: EmbeddedCluster) throws -> StoreStatistics {
            try embedded.loop.sync { embedded.raylet.statistics }
        }

        @Test("killed in the middle of writing: what was granted comes back, and the task runs again")
        func writing() async throws {
            try await withCluster(storeBytes: 128 << 20) { ray, embedded in
                let kept = try ray.put(Spilled.noise(Self.words, seed: 99))
                let before = try statistics(embedded)
                for round in 0..<6 {
                    let values = Array(try await Spilled.dieWriting.remote(Self.words, round).get())
                    let isEqual = values == Spilled.noise(Self.words, seed: round)
                    #expect(isEqual, "round \(round)")
                }
                // A pin is dropped with the last view.
                try await eventually {
                    let now = try statistics(embedded)
                    return now.objects == before.objects && now.usedBytes == before.usedBytes && now.retiredObjects == 0
                }
                let isEqual = try await kept.get() == Spilled.noise(Self.words, seed: 99)
                #expect(isEqual)
            }
        }

        @Test("killed at any moment about the end of a task: nothing of its result stays behind but the result")
        func results() async throws {
            try await withCluster(storeBytes: 128 << 20) { ray, embedded in
                for round in 0..<10 {
                    let refs = (0..<4).map { Tasks.leaves.remote(1_000_000, (round * 4 + $0) * 400) }
                    for values in try await ray.get(refs) { #expect(values.count == 1_000_000 && values.allSatisfy { $0 == 1.5 }) }
                }
                try await eventually { try statistics(embedded).objects == 0 && statistics(embedded).usedBytes == 0 }
            }
        }

        @Test("killed while it reads in place: its pins go, so that what it has read can be moved and freed, and the task runs again")
        func reading() async throws {
            try await withCluster(storeBytes: 64 << 20) { ray, embedded in
                do {
                    let refs = try (0..<6).map { try ray.put(Spilled.noise(Self.words, seed: $0)) }
                    let expected = (0..<6).reduce(UInt64(0)) { $0 &+ Spilled.noise(Self.words, seed: $1).reduce(0, &+) }
                    for _ in 0..<4 { #expect(try await Spilled.dieReading.remote(refs).get() == expected) }
                    // All of it has to go down to make this room: nobody may have a pin on it.
                    let more = try (10..<42).map { try ray.put(Spilled.noise(Self.words, seed: $0)) }
                    #expect(try statistics(embedded).spilled > 0)
                    let isEqual = try await more[11].get() == Spilled.noise(Self.words, seed: 21)
                    #expect(isEqual)
                }
                try await eventually { try statistics(embedded).objects == 0 && statistics(embedded).usedBytes == 0 }
            }
        }
    }
}
