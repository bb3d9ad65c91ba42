internal import Glibc
import Journal
package import RayflowCore
import Synchronization

/// Keeps the tables in a journal: what was written survives the death of the process at once, and power loss within the journal's sync interval.
///
/// In the store's folder each generation has a folder of its own, and the file `current` names the one that counts. When a journal holds much
/// that is void, all rows are written into the next generation while changes go to both; then `current` is replaced.
package final class JournalStoreClient: StoreClient {
    private struct State {
        var contents: StoreContents
        var writer: JournalWriter
        var generation: Int
        /// Bytes written to this generation.
        var bytes = 0
        /// The next generation takes changes, too.
        var next: JournalWriter?
        /// Changes since the rows were copied for the next generation, while it does not take any yet.
        var tail: [[UInt8]]?
        /// The thread that writes the next generation has ended.
        var compaction: Flush?
        var isClosed = false
    }

    package let folder: String
    private let compactBytes: Int
    private let state: Mutex<State>

    /// Opens or makes the store. One process at a time may: its caller holds a lock.
    ///
    /// - Parameters:
    ///   - folder: made if it is not there.
    ///   - compactBytes: a generation larger than this and than four times its rows is replaced.
    /// - Throws: `corrupt` for damage other than a torn tail, `system`.
    package static func open(folder: String, compactBytes: Int = Limits.storeBytes) throws(RayflowError) -> JournalStoreClient {
        do throws(JournalFault) {
            try Files.makeFolder(folder)
            let generation = try currentGeneration(in: folder)
            let path = Self.path(folder, generation)
            try Files.makeFolder(path)
            var contents = StoreContents()
            var damage: DecodingFault?
            let end = try JournalReader.forEach(folder: path) { record throws(JournalFault) in
                guard damage == nil else { return }
                do throws(DecodingFault) { contents.apply(try StoreRecord.decode(record.payload)) } catch { damage = error }
            }
            if let damage { throw JournalFault(.corrupt, path: path, "a record of the store cannot be read: \(damage)") }
            let writer = try JournalWriter.open(
                folder: path, epoch: end.lastEpoch + 1, runID: StoreRecord.journalName, after: end.lastEpoch == 0 ? nil : end)
            if generation == 1 { try Files.writeAtomically("\(folder)/current", Array("1".utf8), sync: true) }
            for name in try Files.names(in: folder) where name.hasPrefix("g") && name != "g\(generation)" { remove("\(folder)/\(name)") }
            return JournalStoreClient(folder, contents, writer, generation, compactBytes)
        } catch { throw RayflowError(error.code == .corrupt ? .corrupt : .system, "the GCS's store in \(error.path): \(error.message)") }
    }

    private init(_ folder: String, _ contents: StoreContents, _ writer: JournalWriter, _ generation: Int, _ compactBytes: Int) {
        self.folder = folder
        self.compactBytes = compactBytes
        state = Mutex(State(contents: contents, writer: writer, generation: generation))
    }

    package func load() -> StoreContents { state.withLock { $0.contents } }

    package func write(_ changes: [StoreChange], written: @escaping @Sendable (Result<Void, RayflowError>) -> Void) {
        let record = StoreRecord.encode(changes)
        let (isOpen, rows) = state.withLock { state -> (Bool, StoreContents?) in
            if state.isClosed { return (false, nil) }
            state.contents.apply(changes)
            state.bytes += record.count
            if let next = state.next {
                let both = Both(written)
                state.writer.append(record) { both.done($0) }
                next.append(record) { both.done($0) }
                return (true, nil)
            }
            state.tail?.append(record)
            state.writer.append(record) { written(Self.result($0)) }
            guard state.compaction == nil, state.bytes > compactBytes, state.bytes > 4 * state.contents.byteCount else {
                return (true, nil)
            }
            state.tail = []
            state.compaction = Flush()
            return (true, state.contents)
        }
        if !isOpen { written(.failure(RayflowError(.shutDown, "the store is closed"))) }
        if let rows { BackgroundThread.start { self.compact(rows) } }
    }

    /// Waits until a generation that is being written stands or is given up: who opens the store next finds one that nobody removes.
    package func close() {
        let (isFirst, compaction) = state.withLock { state in
            defer { state.isClosed = true }
            return (!state.isClosed, state.compaction)
        }
        guard isFirst else { return }
        _ = compaction?.wait()
        state.withLock { $0.writer }.close()
    }

    deinit { close() }

    // MARK: Generations

    private static func path(_ folder: String, _ generation: Int) -> String { "\(folder)/g\(generation)" }

    private static func currentGeneration(in folder: String) throws(JournalFault) -> Int {
        guard Files.exists("\(folder)/current") else { return 1 }
        let text = String(decoding: try Files.read("\(folder)/current", atMost: 32), as: UTF8.self)
        guard let generation = Int(text), generation > 0 else {
            throw JournalFault(.corrupt, path: "\(folder)/current", "it names no generation: \(text)")
        }
        return generation
    }

    /// On a thread of its own. A fault leaves everything as it was: the present generation goes on, and is tried to be replaced later.
    private func compact(_ rows: StoreContents) {
        defer {
            let done = state.withLock { state in
                defer { state.compaction = nil }
                return state.compaction
            }
            done?.set(.success(()))
        }
        let generation = state.withLock { $0.generation } + 1
        let path = Self.path(folder, generation)
        Self.remove(path)
        guard (try? Files.makeFolder(path)) != nil,
            let next = try? JournalWriter.open(folder: path, epoch: 1, runID: StoreRecord.journalName, after: nil)
        else { return state.withLock { $0.tail = nil } }
        for changes in rows.batches { next.append(StoreRecord.encode(changes)) }
        let isOpen = state.withLock { state in
            for record in state.tail ?? [] { next.append(record) }
            state.tail = nil
            if !state.isClosed { state.next = next }
            return !state.isClosed
        }
        guard isOpen else { return next.close() }
        let flushed = Flush()
        next.flush { flushed.set($0) }
        var isCurrent = false
        if case .success = flushed.wait() {
            isCurrent = (try? Files.writeAtomically("\(folder)/current", Array("\(generation)".utf8), sync: true)) != nil
        }
        let old = state.withLock { state -> JournalWriter in
            state.next = nil
            guard isCurrent else { return next }
            let old = state.writer
            state.writer = next
            state.generation = generation
            state.bytes = 0
            return old
        }
        old.close()
        Self.remove(isCurrent ? Self.path(folder, generation - 1) : path)
    }

    private static func remove(_ path: String) {
        for name in (try? Files.names(in: path)) ?? [] { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    fileprivate static func result(_ result: Result<Void, JournalFault>) -> Result<Void, RayflowError> {
        result.mapError { RayflowError(.system, "the GCS's store in \($0.path): \($0.message)") }
    }

    /// Written when both generations have it.
    private final class Both: Sendable {
        private let written: @Sendable (Result<Void, RayflowError>) -> Void
        private let state = Mutex<(missing: Int, result: Result<Void, JournalFault>)>((2, .success(())))
        init(_ written: @escaping @Sendable (Result<Void, RayflowError>) -> Void) { self.written = written }

        func done(_ one: Result<Void, JournalFault>) {
            let result = state.withLock { state -> Result<Void, JournalFault>? in
                state.missing -= 1
                if case .failure = one { state.result = one }
                return state.missing == 0 ? state.result : nil
            }
            if let result { written(JournalStoreClient.result(result)) }
        }
    }
}

/// Waits for one result on a thread that may block.
private final class Flush: @unchecked Sendable {
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    private let result = Mutex<Result<Void, JournalFault>?>(nil)
    init() { sem_init(semaphore, 0, 0) }
    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }
    func set(_ value: Result<Void, JournalFault>) {
        result.withLock { $0 = value }
        sem_post(semaphore)
    }
    func wait() -> Result<Void, JournalFault>? {
        while sem_wait(semaphore) != 0 {}
        return result.withLock { $0 }
    }
}
