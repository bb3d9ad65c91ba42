import Foundation
import Journal
import RayflowCore
import Synchronization
import Testing

@testable import GCS

/// A kind of store, and how its process dies without a word.
struct StoreKind: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var open: @Sendable (Folder) throws -> any StoreClient
    /// What the next process finds after a crash now.
    var crashed: @Sendable (any StoreClient, Folder) throws -> any StoreClient

    static let all: [StoreKind] = [
        StoreKind(
            testDescription: "memory", open: { _ in MemoryStoreClient() }, crashed: { store, _ in MemoryStoreClient(try store.load()) }),
        StoreKind(
            testDescription: "journal", open: { try JournalStoreClient.open(folder: $0.path) }, crashed: { try copied($0, $1, 1 << 20) }),
        StoreKind(
            testDescription: "journal that compacts all the time", open: { try JournalStoreClient.open(folder: $0.path, compactBytes: 1) },
            crashed: { try copied($0, $1, 1) }),
        StoreKind(
            testDescription: "observable journal",
            open: { ObservableStoreClient(try JournalStoreClient.open(folder: $0.path)) { _ in } }, crashed: { try copied($0, $1, 1 << 20) }
        ),
    ]

    /// The folder as it is now, while the store is open: what a killed process leaves.
    private static func copied(_: any StoreClient, _ folder: Folder, _ compactBytes: Int) throws -> any StoreClient {
        // A generation may be replaced under the copy: then it is taken again.
        for _ in 0..<100 {
            let copy = Folder()
            try? FileManager.default.removeItem(atPath: copy.path)
            guard (try? FileManager.default.copyItem(atPath: folder.path, toPath: copy.path)) != nil else { continue }
            let current = try? String(contentsOfFile: "\(copy.path)/current", encoding: .utf8)
            let now = try? String(contentsOfFile: "\(folder.path)/current", encoding: .utf8)
            if current == now { return try Kept(JournalStoreClient.open(folder: copy.path, compactBytes: compactBytes), copy) }
        }
        throw RayflowError(.system, "the folder never stood still")
    }

    /// A store whose folder lives as long as it.
    private final class Kept: StoreClient {
        let store: any StoreClient
        let folder: Folder
        init(_ store: any StoreClient, _ folder: Folder) { (self.store, self.folder) = (store, folder) }
        func load() throws(RayflowError) -> StoreContents { try store.load() }
        func write(_ changes: [StoreChange], written: @escaping @Sendable (Result<Void, RayflowError>) -> Void) {
            store.write(changes, written: written)
        }
        func close() { store.close() }
    }
}

final class Folder: Sendable {
    let path = NSTemporaryDirectory() + "rayflow-store-\(UUID().uuidString)"
    init() { try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(atPath: path) }
}

@Suite("Stores of the GCS") struct StoreClientTests {
    private func write(_ store: any StoreClient, _ changes: [StoreChange]) async throws {
        try await withCheckedContinuation { continuation in store.write(changes) { continuation.resume(returning: $0) } }.get()
    }
    private func change(_ key: UInt8, _ value: [UInt8]?, _ table: GCSTable = .keyValue) -> StoreChange {
        StoreChange(table: table, key: [key], value: value)
    }

    /// Overwrites, removals and writes of several rows.
    private var operations: [[StoreChange]] {
        var operations: [[StoreChange]] = []
        for number in UInt8(0)..<24 {
            operations.append([change(number % 5, [number], .actor), change(number, Array(repeating: number, count: Int(number) * 50))])
            if number % 3 == 2 {
                operations.append([change(number - 1, nil), change(number % 5, nil, .actor), change(1, [number], .node)])
            }
        }
        return operations
    }

    @Test("what was written is there after a crash, wholly and in order, whichever write was the last", arguments: StoreKind.all)
    func crashes(_ kind: StoreKind) async throws {
        let folder = Folder()
        let store = try kind.open(folder)
        var expected = StoreContents()
        #expect(try store.load() == expected)
        for operation in operations {
            try await write(store, operation)
            expected.apply(operation)
            #expect(try store.load() == expected)
            let next = try kind.crashed(store, folder)
            #expect(try next.load() == expected)
            next.close()
        }
        store.close()
    }

    @Test("a store that was closed has everything when it is opened again, and takes nothing more", arguments: StoreKind.all)
    func closing(_ kind: StoreKind) async throws {
        let folder = Folder()
        let store = try kind.open(folder)
        var expected = StoreContents()
        for operation in operations {
            store.write(operation) { _ in }
            expected.apply(operation)
        }
        store.close()
        store.close()
        await #expect(throws: RayflowError.self) { try await write(store, [change(1, [1])]) }
        let next = try kind.crashed(store, folder)
        #expect(try next.load() == expected)
        try await write(next, [change(200, [1])])
        expected.apply([change(200, [1])])
        #expect(try next.load() == expected)
        next.close()
    }

    @Test("answers come in the order of the writes", arguments: StoreKind.all)
    func order(_ kind: StoreKind) async throws {
        let store = try kind.open(Folder())
        let seen = Mutex<[Int]>([])
        for number in 0..<200 { store.write([change(UInt8(number), [1])]) { _ in seen.withLock { $0.append(number) } } }
        try await write(store, [])
        #expect(seen.withLock { $0 } == Array(0..<200))
        store.close()
    }

    @Test("a journal that was cut at any byte of its last write is the one before it") func tornTail() async throws {
        let folder = Folder()
        let store = try JournalStoreClient.open(folder: folder.path)
        try await write(store, [change(1, [1])])
        let before = try segment(folder)
        try await write(store, [change(1, [2]), change(2, [2])])
        store.close()
        let after = try segment(folder)
        for count in before.bytes.count..<after.bytes.count {
            let copy = Folder()
            try FileManager.default.createDirectory(atPath: "\(copy.path)/g1", withIntermediateDirectories: true)
            try Data("1".utf8).write(to: URL(fileURLWithPath: "\(copy.path)/current"))
            try after.bytes.prefix(count).write(to: URL(fileURLWithPath: "\(copy.path)/g1/\(after.name)"))
            let cut = try JournalStoreClient.open(folder: copy.path)
            var expected = StoreContents()
            expected.apply([change(1, [1])])
            // Behind the record stands the journal's own mark of its end.
            var whole = expected
            whole.apply([change(1, [2]), change(2, [2])])
            #expect(cut.load() == expected || cut.load() == whole, "cut at \(count)")
            if count < before.bytes.count + 8 { #expect(cut.load() == expected, "cut at \(count)") }
            cut.close()
        }
    }

    private func segment(_ folder: Folder) throws -> (name: String, bytes: Data) {
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/g1")
        let name = try #require(names.max())
        return (name, try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/g1/\(name)")))
    }

    @Test("a journal does not grow with what is overwritten") func compaction() async throws {
        let folder = Folder()
        let store = try JournalStoreClient.open(folder: folder.path, compactBytes: 10_000)
        for number in 0..<2_000 { try await write(store, [change(UInt8(number % 7), Array(repeating: 1, count: 200))]) }
        let expected = store.load()
        store.close()
        let generations = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasPrefix("g") && $0 != "g1" }
        #expect(!generations.isEmpty)
        let again = try JournalStoreClient.open(folder: folder.path)
        #expect(again.load() == expected)
        again.close()
    }

    @Test("an observer hears of each write once it is done, in order") func observer() async throws {
        let seen = Mutex<[[StoreChange]]>([])
        let store = ObservableStoreClient(MemoryStoreClient()) { changes in seen.withLock { $0.append(changes) } }
        for operation in operations { try await write(store, operation) }
        #expect(seen.withLock { $0 } == operations)
        store.close()
        await #expect(throws: RayflowError.self) { try await write(store, [change(1, [1])]) }
        #expect(seen.withLock { $0.count } == operations.count)
    }

    @Test("damage is told, never read over") func damage() throws {
        let folder = Folder()
        try Data("x".utf8).write(to: URL(fileURLWithPath: "\(folder.path)/current"))
        let error = #expect(throws: RayflowError.self) { try JournalStoreClient.open(folder: folder.path) }
        #expect(error?.code == .corrupt)
    }
}
