import Glibc

/// Looks for a source file that is newer than a build.
struct SourceSearch {
    /// Nanoseconds since 1970.
    var since: UInt64

    private static let endings = [".swift", ".c", ".cc", ".cpp", ".h", ".hpp", ".m", ".mm", ".S", ".modulemap", ".resolved"]

    func finds(in folder: String) -> Bool { finds(in: folder, depth: 0) }

    private func finds(in folder: String, depth: Int) -> Bool {
        guard depth < CommandLimits.sourceDepth, let stream = opendir(folder) else { return false }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: tuple.pointee)) { String(cString: $0) }
            }
            // Hidden folders hold builds and runs; tests are no part of a product.
            guard !name.hasPrefix("."), !(depth == 0 && name == "Tests") else { continue }
            let path = "\(folder)/\(name)"
            var info = stat()
            guard lstat(path, &info) == 0 else { continue }
            switch info.st_mode & S_IFMT {
            case S_IFDIR:
                if finds(in: path, depth: depth + 1) { return true }
            case S_IFREG:
                if Self.endings.contains(where: name.hasSuffix), Paths.nanoseconds(info) > since { return true }
            default: break
            }
        }
        return false
    }
}
