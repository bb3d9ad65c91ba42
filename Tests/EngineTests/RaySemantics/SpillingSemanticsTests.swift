import EngineTestRemotes
import Foundation
import Glibc
import ObjectStore
import Rayflow
import RayflowCore
import Testing
import Transport

/// Behaviours of Ray that concern objects which do not fit into memory, by their numbers in the reference.
extension EngineTests {
    @Suite("Ray's semantics: spilling", .serialized)
    struct SpillingSemanticsTests {
        private static let storeBytes = 64 << 20
        private static let words = 1 << 20

        /// Half of them do not compress.
        private static let contents: [[UInt64]] = (0..<10 as Range<UInt64>).map { seed in
            var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
            return [UInt64](unsafeUninitializedCapacity: words) { buffer, count in
                for index in 0..<words {
                    if seed % 2 == 0 || index % 4096 == 0 {
                        state ^= state << 13
                        state ^= state >> 7
                        state ^= state << 17
                    }
                    buffer[index] = state
                }
                count = words
            }
        }

        /// An object of 8 MiB with its number in front.
        private func put(_ number: Int, into ray: Cluster) throws -> ObjectRef<RemoteBuffer<UInt64>> {
            var content = Self.contents[number % 10]
            content[0] = UInt64(number)
            return try ray.put(content).view()
        }

        private func isRight(_ object: RemoteBuffer<UInt64>, _ number: Int) -> Bool {
            object.withSpan { span in
                span.withUnsafeBufferPointer { read in
                    Self.contents[number % 10].withUnsafeBufferPointer { content in
                        read.count == Self.words && read[0] == UInt64(number)
                            && memcmp(read.baseAddress! + 1, content.baseAddress! + 1, (Self.words - 1) * 8) == 0
                    }
                }
            }
        }

        private func statistics(_ embedded: EmbeddedCluster) throws -> StoreStatistics {
            try embedded.loop.sync { embedded.raylet.statistics }
        }

        @Test("54: twelve times what the store holds is read in any order, a thousand times, and no read restores more than it needs")
        func randomReads() async throws {
            try await withCluster(storeBytes: Self.storeBytes) { ray, embedded in
                let refs = try (0..<100).map { try put($0, into: ray) }
                let reads = 1000
                for _ in 0..<reads {
                    let number = Int.random(in: refs.indices)
                    let isRead = isRight(try await refs[number].get(), number)
                    #expect(isRead, "object \(number)")
                }
                let numbers = try statistics(embedded)
                #expect(numbers.spilled > 0 && numbers.restored > 0 && numbers.restored <= reads)
                #expect(numbers.usedBytes <= numbers.capacityBytes && numbers.damaged == 0)
            }
        }

        @Test("54: a disk that is full for a time makes puts fail that find no room, by name, and nothing else")
        func failingDisk() async throws {
            let scratch = Scratch()
            guard mount("none", scratch.path, "tmpfs", 0, "size=256m") == 0 else {
                return print("54, a full disk: skipped, this user may not mount a tmpfs")
            }
            defer { umount2(scratch.path, Int32(MNT_DETACH)) }
            let filler = scratch.file("filler")
            func fill() throws {
                _ = FileManager.default.createFile(atPath: filler, contents: nil)
                let file = try #require(FileHandle(forWritingAtPath: filler))
                defer { try? file.close() }
                // The disk is full when nothing more can be written.
                while (try? file.write(contentsOf: [UInt8](repeating: 1, count: 65_536))) != nil {}
            }
            try await withCluster(
                storeBytes: Self.storeBytes,
                configure: { options in
                    options.objectStore.spillFolder = scratch.file("spill")
                    options.objectStore.diskFullPercent = 100
                    options.objectStore.rules.waitTicks = 0
                }
            ) { ray, embedded in
                var refs: [ObjectRef<RemoteBuffer<UInt64>>] = []
                var refusals = 0
                while refs.count < 40 {
                    if refs.count == 20, refusals == 0 { try fill() }
                    do { refs.append(try put(refs.count, into: ray)) } catch let error as RayflowError {
                        #expect(error.code == .outOfDisk || error.code == .objectStoreFull, "\(error)")
                        refusals += 1
                        if refusals == 1 {
                            for number in refs.indices.shuffled().prefix(5) {
                                let read = try? await refs[number].get()
                                #expect(read.map { isRight($0, number) } != false, "what is read is right, also beside a full disk")
                            }
                        }
                        try? FileManager.default.removeItem(atPath: filler)
                    }
                }
                #expect(refusals > 0)
                for number in refs.indices.shuffled() {
                    let isRead = isRight(try await refs[number].get(), number)
                    #expect(isRead, "object \(number)")
                }
                #expect(try statistics(embedded).damaged == 0)
            }
        }

        // Ray maps files for what does not fit beside objects in use. Here that is an error that names the holders: a store has its limit.
        @Test("55: objects in use are not spilled, a put beside them fails and says who holds what, and passes when they are let go")
        func inUse() async throws {
            try await withCluster(
                storeBytes: Self.storeBytes, configure: { $0.objectStore.rules.waitTicks = 0 }
            ) { ray, embedded in
                do {
                    var views: [RemoteBuffer<UInt64>] = [], refusal: RayflowError?
                    while refusal == nil {
                        do { views.append(try await put(views.count, into: ray).get()) } catch { refusal = error as? RayflowError }
                    }
                    #expect(refusal?.code == .objectStoreFull && refusal?.message.contains("pin") == true, "\(String(describing: refusal))")
                    for (number, view) in views.enumerated() {
                        let isRead = isRight(view, number)
                        #expect(isRead, "object \(number)")
                    }
                    #expect(try statistics(embedded).restored == 0)
                }
                var last: ObjectRef<RemoteBuffer<UInt64>>?
                try await eventually {
                    last = try? put(77, into: ray)
                    return last != nil
                }
                let isRead = isRight(try await #require(last).get(), 77)
                #expect(isRead)
            }
        }
    }
}
