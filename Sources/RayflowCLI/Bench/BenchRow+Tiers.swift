internal import Glibc
import ObjectStore
import Rayflow

/// Data sets that do not fit into the store, beside what the machine does without one.
extension BenchRow {
    private static let storeBytes = 128 << 20
    private static let objectBytes = 8 << 20
    /// Eight times the store.
    private static let tierObjects = 8 * storeBytes / objectBytes

    static let tiers: [BenchRow] = [
        tiers("text", "words, which LZ4 makes less than half as long", text()), tiers("noise", "bytes that do not compress", noise()),
    ]

    private static func tiers(_ kind: String, _ about: String, _ content: @escaping @autoclosure @Sendable () -> [UInt64]) -> BenchRow {
        let name = "tiers_\(kind)"
        return BenchRow(
            name: name,
            metrics: ["put", "get", "pack", "unpack", "disk_write", "disk_read"].map { "\(name)_\($0)_gbps" } + ["\(name)_peak_mb"],
            about: "1 GiB of \(about) in a store of 128 MiB: put all, get all in random order; beside it packing and the disk alone",
            limit: 300, isFresh: true,
            work: .alone { _ in
                let content = content()
                var values = try await stored(content)
                values.merge(try alone(content)) { $1 }
                return values.map { Measurement("\(name)_\($0.key)", $0.key == "peak_mb" ? "MB" : "GB/s", [$0.value]) }
            })
    }

    /// Through the engine, with the most memory that the store has taken.
    private static func stored(_ content: [UInt64]) async throws -> [String: Double] {
        try await withCluster(cpus, objectStore: ObjectStoreOptions(memory: storeBytes)) { ray in
            var peak = 0
            var refs: [ObjectRef<[UInt64]>] = []
            var content = content
            let put = try Sampling.time {
                for number in 0..<tierObjects {
                    content[0] = UInt64(number)
                    refs.append(try ray.put(content))
                    peak = max(peak, ProcessTree(root: getpid()).proportional)
                }
            }
            let order = (0..<tierObjects).map { ($0 &* 5 &+ 3) % tierObjects }
            let get = try await Sampling.time {
                for number in order {
                    let read = try await refs[number].view().get()
                    guard read.count == content.count, read[0] == UInt64(number), read[read.count - 1] == content[content.count - 1] else {
                        throw RayflowError(.corrupt, "object \(number) came back as another")
                    }
                }
            }
            return ["put_gbps": gigabytes / put, "get_gbps": gigabytes / get, "peak_mb": Double(peak) / 1e6]
        }
    }

    private static var gigabytes: Double { Double(tierObjects * objectBytes) / 1e9 }
}

// MARK: - Without an engine

extension BenchRow {
    /// One thread packs and unpacks the object as the store does, and writes and reads as much as the data set in the file system of the default
    /// spill folder: through the page cache, as the store does.
    private static func alone(_ content: [UInt64]) throws -> [String: Double] {
        try content.withUnsafeBytes { bytes in
            let parts = stride(from: 0, to: bytes.count, by: 1 << 20).map {
                UnsafeRawBufferPointer(rebasing: bytes[$0..<min($0 + 1 << 20, bytes.count)])
            }
            var packed: [Chunk] = []
            let pack = Sampling.time { packed = parts.map { Chunk(compressing: $0) } }
            let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
            defer { room.deallocate() }
            let unpack = try Sampling.time {
                for chunk in packed { try chunk.decompress(into: UnsafeMutableRawBufferPointer(rebasing: room[..<chunk.rawSize])) }
            }
            let (write, read) = try disk(bytes)
            let size = Double(bytes.count) / 1e9
            return [
                "pack_gbps": size / pack, "unpack_gbps": size / unpack,
                "disk_write_gbps": gigabytes / write, "disk_read_gbps": gigabytes / read,
            ]
        }
    }

    private static func disk(_ bytes: UnsafeRawBufferPointer) throws -> (write: Double, read: Double) {
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/var/tmp"
        var path = Array("\(folder)/rayflow-bench-XXXXXX\0".utf8CString)
        let file = mkstemp(&path)
        guard file >= 0 else { throw RayflowError(.system, "cannot make a file in \(folder)") }
        unlink(path)
        defer { close(file) }
        func all(_ move: (Int, Int) -> Int) throws {
            for number in 0..<tierObjects {
                var done = 0
                while done < bytes.count {
                    let count = move(done, number * bytes.count + done)
                    guard count > 0 else { throw RayflowError(.system, "the disk of \(folder) is full, or fails") }
                    done += count
                }
            }
        }
        let write = try Sampling.time { try all { pwrite(file, bytes.baseAddress! + $0, bytes.count - $0, off_t($1)) } }
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
        defer { room.deallocate() }
        let read = try Sampling.time { try all { pread(file, room.baseAddress! + $0, bytes.count - $0, off_t($1)) } }
        return (write, read)
    }

    private static func noise() -> [UInt64] {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        return (0..<objectBytes / 8).map { _ in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
    }

    private static func text() -> [UInt64] {
        let words = ["object", "store", "spill", "the", "a", "of", "memory", "worker", "task", "is", "and", "raylet", "lineage"]
        var bytes: [UInt8] = []
        bytes.reserveCapacity(objectBytes + 64)
        for number in noise() where bytes.count < objectBytes {
            bytes += words[Int(number >> 33) % words.count].utf8
            bytes += number % 9 == 0 ? [46, 10] : [32]
        }
        return bytes.withUnsafeBytes { raw in (0..<objectBytes / 8).map { raw.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self) } }
    }
}
