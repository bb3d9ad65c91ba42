import CLinux
import Glibc
import Synchronization

/// The files of one store's spill space. They lose their names as soon as they are open: nothing remains of them when the process ends, in
/// whatever way, and nobody who clears the folder takes anything away. Safe from any thread; all calls may wait for the disk.
package final class SpillFolder: Sendable {
    package let path: String
    private let fileSize: Int
    /// Part of the disk, in percent, that may be in use afterwards.
    private let fullPercent: Int
    private let files = Mutex<[Int: Descriptor]>([:])
    private let made = Mutex(0)

    /// - Parameters:
    ///   - path: made when it is first needed; the folder above it must be there.
    ///   - rules: those of the store, which say how large a file is.
    package init(path: String, rules: TierRules, fullPercent: Int = StoreLimits.diskFullPercent) {
        self.path = path
        fileSize = rules.spillFileSize
        self.fullPercent = fullPercent
    }

    /// Why no files can be made in a folder, or in the one above it when it is not there yet; nil when they can.
    package static func obstacle(at path: String) -> String? {
        var status = stat()
        if stat(path, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFDIR else { return errorText(ENOTDIR) }
            return access(path, W_OK | X_OK) == 0 ? nil : errorText(errno)
        }
        guard errno == ENOENT else { return errorText(errno) }
        let above = path.split(separator: "/").dropLast().joined(separator: "/")
        let folder = path.hasPrefix("/") ? "/" + above : above.isEmpty ? "." : above
        return access(folder, W_OK | X_OK) == 0 ? nil : "\(folder): \(errorText(errno))"
    }

    // MARK: - Bytes

    /// Whether the disk has room for so many bytes more.
    func checkRoom(for count: Int) throws(TierFault) {
        var status = statvfs()
        // A folder that is not there yet is made by the first write.
        guard statvfs(path, &status) == 0, status.f_blocks > 0 else { return }
        let block = UInt64(status.f_frsize)
        let total = UInt64(status.f_blocks) * block
        // As df does it: what only root may use counts for neither side.
        let used = (UInt64(status.f_blocks) - UInt64(status.f_bfree)) * block
        let usable = used + UInt64(status.f_bavail) * block
        guard used + UInt64(count) > usable / 100 * UInt64(fullPercent) else { return }
        throw .diskFull("\(used) of \(total) bytes of the disk of \(path) are in use, and \(fullPercent) % is the limit")
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(TierFault) {
        try forEachPiece(of: offset..<offset + bytes.count) { (file, at, range) throws(TierFault) in
            let descriptor = try open(file)
            var done = 0
            while done < range.count {
                let part = UnsafeRawBufferPointer(rebasing: bytes[range.lowerBound + done..<range.upperBound])
                let written = pwrite(descriptor.raw, part.baseAddress, part.count, off_t(at + done))
                if written < 0, errno == EINTR { continue }
                guard written > 0 else { throw fault("cannot write to", written < 0 ? errno : ENOSPC) }
                done += written
            }
        }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(TierFault) {
        try forEachPiece(of: offset..<offset + buffer.count) { (file, at, range) throws(TierFault) in
            guard let descriptor = files.withLock({ $0[file] }) else { throw .damaged("spill file \(file) is not there") }
            var done = 0
            while done < range.count {
                let part = UnsafeMutableRawBufferPointer(rebasing: buffer[range.lowerBound + done..<range.upperBound])
                let got = pread(descriptor.raw, part.baseAddress, part.count, off_t(at + done))
                if got < 0, errno == EINTR { continue }
                guard got >= 0 else { throw .damaged("cannot read a spill file in \(path): \(errorText(errno))") }
                guard got > 0 else { throw .damaged("spill file \(file) ends at byte \(at + done)") }
                done += got
            }
        }
    }

    /// Gives the blocks of a region back. Where the file system cannot do that they stay reserved for what is spilled next.
    package func free(_ region: SpillRegion) {
        try? forEachPiece(of: region.pages) { (file, at, range) throws(TierFault) in
            guard let descriptor = files.withLock({ $0[file] }) else { return }
            try? descriptor.punch(at..<at + range.count)
        }
    }

    /// The file is gone with its descriptor, as it has no name.
    package func delete(file: Int) { withExtendedLifetime(files.withLock { $0.removeValue(forKey: file) }) {} }

    /// Disk blocks of all files, in bytes.
    package var diskBytes: Int {
        files.withLock { files in
            files.values.reduce(0) { sum, file in
                var status = stat()
                return fstat(file.raw, &status) == 0 ? sum + Int(status.st_blocks) * 512 : sum
            }
        }
    }

    /// For tests that damage them.
    func descriptor(of file: Int) -> Int32? { files.withLock { $0[file]?.raw } }

    // MARK: - Files

    private func forEachPiece(
        of range: Range<Int>, _ body: (_ file: Int, _ at: Int, _ piece: Range<Int>) throws(TierFault) -> Void
    ) throws(TierFault) {
        var position = range.lowerBound
        while position < range.upperBound {
            let file = position / fileSize
            let end = min(range.upperBound, (file + 1) * fileSize)
            try body(file, position - file * fileSize, position - range.lowerBound..<end - range.lowerBound)
            position = end
        }
    }

    private func open(_ file: Int) throws(TierFault) -> Descriptor {
        if let known = files.withLock({ $0[file] }) { return known }
        let created = try create()
        // Two threads may have come here with parts of neighbouring objects: the first file counts.
        return files.withLock { files in
            if let known = files[file] { return known }
            files[file] = created
            return created
        }
    }

    private func create() throws(TierFault) -> Descriptor {
        let number = made.withLock { number in
            number += 1
            return number
        }
        let name = path + "/spill-\(getpid())-\(UInt64.random(in: 0 ... .max))-\(number)"
        var raw = rf_open(name, O_RDWR | O_CREAT | O_EXCL, 0o600)
        if raw < 0, errno == ENOENT, mkdir(path, 0o700) == 0 || errno == EEXIST { raw = rf_open(name, O_RDWR | O_CREAT | O_EXCL, 0o600) }
        guard raw >= 0 else { throw fault("cannot make a file in", errno) }
        unlink(name)
        return Descriptor(owning: raw)
    }

    private func fault(_ what: String, _ code: Int32) -> TierFault {
        let text = "\(what) the spill folder \(path): \(errorText(code))"
        return code == ENOSPC || code == EDQUOT || code == EFBIG ? .diskFull(text) : .folder(text)
    }
}
