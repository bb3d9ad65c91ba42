import CLinux
import Glibc

/// Questions about paths.
enum Paths {
    static func real(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    static func isFolder(_ path: String) -> Bool {
        var info = stat()
        return stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFDIR
    }

    static func exists(_ path: String) -> Bool {
        var info = stat()
        return stat(path, &info) == 0
    }

    /// Of the last change, in ns since 1970; nil when there is nothing.
    static func changed(_ path: String) -> UInt64? {
        var info = stat()
        guard stat(path, &info) == 0 else { return nil }
        return nanoseconds(info)
    }

    static func nanoseconds(_ info: stat) -> UInt64 {
        UInt64(max(info.st_mtim.tv_sec, 0)) * 1_000_000_000 + UInt64(max(info.st_mtim.tv_nsec, 0))
    }

    /// The folder in which a file lies, through links to folders; absolute unless that cannot be found out.
    static func folder(ofFile path: String) -> String {
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { String(path[..<$0]) } ?? "."
        return real(folder.isEmpty ? "/" : folder) ?? folder
    }

    static func resolve(_ path: String, in folder: String) -> String {
        if path.hasPrefix("/") { return path }
        return folder.hasSuffix("/") ? folder + path : "\(folder)/\(path)"
    }
}
