import CLinux
import Glibc
import RayflowCore
import Synchronization

/// Whole files and folders, with typed faults.
package enum Files {
    private static let temporaryNumber = Atomic<Int>(0)

    /// Replaces the file at `path` as a whole: a reader, or the next start after a crash, sees the old content or the new.
    ///
    /// With `sync` the content and then the name survive power loss when this returns.
    package static func writeAtomically(_ path: String, _ bytes: [UInt8], sync: Bool) throws(JournalFault) {
        let (folder, name) = split(path)
        let number = temporaryNumber.wrappingAdd(1, ordering: .relaxed).newValue
        let temporary = "\(folder)/.\(name).tmp-\(getpid())-\(number)"
        do throws(JournalFault) {
            try writeNew(temporary, [bytes], sync: sync)
            FailPoint.hit("file.before-rename")
            guard rename(temporary, path) == 0 else { throw JournalFault(errorNumber: errno, path: path, "replace the file") }
            FailPoint.hit("file.after-rename")
            if sync { try syncFolder(folder) }
        } catch {
            unlink(temporary)
            throw error
        }
    }

    /// Writes a file that must not exist before; on a fault it may be left incomplete.
    static func writeNew(_ path: String, _ parts: [[UInt8]], sync: Bool, calls: FileCalls = .system) throws(JournalFault) {
        let file = try open(path, O_WRONLY | O_CREAT | O_EXCL, "create the file")
        for part in parts {
            let error = part.withUnsafeBytes { calls.writeAll(file.raw, $0) }
            guard error == 0 else { throw JournalFault(errorNumber: error, path: path, "write") }
        }
        if sync, calls.sync(file.raw) != 0 { throw JournalFault(errorNumber: errno, path: path, "sync") }
    }

    /// The content of a file of at most that many bytes.
    package static func read(_ path: String, atMost limit: Int) throws(JournalFault) -> [UInt8] {
        let file = try open(path, O_RDONLY, "open the file")
        var bytes: [UInt8] = []
        while bytes.count <= limit {
            guard try append(file.raw, atMost: min(limit + 1 - bytes.count, 64 << 10), to: &bytes, path) > 0 else { return bytes }
        }
        throw JournalFault(.tooLarge, path: path, "the file has more than \(limit) bytes")
    }

    /// Reads once at the file's position. Returns the number of bytes, 0 at the end.
    static func append(_ file: Int32, atMost count: Int, to bytes: inout [UInt8], _ path: String) throws(JournalFault) -> Int {
        let (got, error) = withUnsafeTemporaryAllocation(byteCount: count, alignment: 1) { chunk in
            var got = 0
            repeat { got = Glibc.read(file, chunk.baseAddress, count) } while got < 0 && errno == EINTR
            let error = errno
            bytes.append(contentsOf: chunk[..<max(got, 0)])
            return (got, error)
        }
        guard got >= 0 else { throw JournalFault(errorNumber: error, path: path, "read") }
        return got
    }

    /// Never waits, as it would for the other side of a pipe of that name.
    static func open(_ path: String, _ flags: Int32, _ action: String) throws(JournalFault) -> Descriptor {
        var raw: Int32 = -1
        repeat { raw = rf_open(path, flags | O_NONBLOCK, 0o644) } while raw < 0 && errno == EINTR
        guard raw >= 0 else { throw JournalFault(errorNumber: errno, path: path, action) }
        let file = Descriptor(raw)
        var status = stat()
        guard fstat(raw, &status) == 0 else { throw JournalFault(errorNumber: errno, path: path, action) }
        let wanted = flags & O_DIRECTORY == 0 ? S_IFREG : S_IFDIR
        guard status.st_mode & S_IFMT == wanted else { throw JournalFault(.corrupt, path: path, "it is no regular file") }
        return file
    }

    /// Makes the folder and those above it; one that is there is fine.
    package static func makeFolder(_ path: String) throws(JournalFault) {
        if mkdir(path, 0o755) == 0 { return }
        switch errno {
        case EEXIST:
            guard isFolder(path) else { throw JournalFault(errorNumber: ENOTDIR, path: path, "make the folder") }
        case ENOENT:
            let parent = split(path).folder
            guard parent != path, parent != "." else { throw JournalFault(errorNumber: ENOENT, path: path, "make the folder") }
            try makeFolder(parent)
            guard mkdir(path, 0o755) == 0 || errno == EEXIST && isFolder(path) else {
                throw JournalFault(errorNumber: errno, path: path, "make the folder")
            }
        default: throw JournalFault(errorNumber: errno, path: path, "make the folder")
        }
    }

    /// Makes new, renamed and removed names in a folder survive power loss.
    package static func syncFolder(_ path: String) throws(JournalFault) {
        let folder = try open(path, O_RDONLY | O_DIRECTORY, "open the folder")
        // Some file systems know no fsync of folders.
        guard fsync(folder.raw) == 0 || errno == EINVAL else { throw JournalFault(errorNumber: errno, path: path, "sync the folder") }
    }

    /// The names in a folder, unsorted, without "." and "..".
    package static func names(in path: String) throws(JournalFault) -> [String] {
        guard let stream = opendir(path) else { throw JournalFault(errorNumber: errno, path: path, "list the folder") }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else { break }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        guard errno == 0 else { throw JournalFault(errorNumber: errno, path: path, "list the folder") }
        return names
    }

    package static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    package static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    private static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", path) }
        let folder = slash == path.startIndex ? "/" : String(path[..<slash])
        return (folder, String(path[path.index(after: slash)...]))
    }
}
