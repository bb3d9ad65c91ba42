internal import Glibc

/// What the functions `glob`, `file` and `dir` ask of the file system, relative to one folder. The evaluator does not know of it.
package struct FileFunctions: Sendable {
    package enum Kind: Hashable, Sendable { case file, folder }

    /// An absolute path, or one relative to the current folder.
    package let base: String

    package init(base: String) { self.base = base }

    /// An absolute path stays; another one is taken from the base.
    package func resolve(_ path: String) -> String {
        if path.hasPrefix("/") || base.isEmpty { return path }
        if path.isEmpty { return base }
        return base.hasSuffix("/") ? base + path : base + "/" + path
    }

    /// What the path leads to, through symbolic links; nil when there is nothing, or nothing that can be read.
    package func kind(of path: String) -> Kind? { Self.kind(at: resolve(path)) }

    /// - Throws: ``FileFault`` unless the path leads to a file.
    package func checkFile(_ path: String) throws(FileFault) {
        try check(path, is: .file, missing: "no such file", other: "this is a folder")
    }

    /// - Throws: ``FileFault`` unless the path leads to a folder.
    package func checkFolder(_ path: String) throws(FileFault) {
        try check(path, is: .folder, missing: "no such folder", other: "this is a file")
    }

    private func check(_ path: String, is wanted: Kind, missing: String, other: String) throws(FileFault) {
        let found = kind(of: path)
        guard found != wanted else { return }
        throw FileFault(what: found == nil ? missing : other, written: path, resolved: resolve(path))
    }

    /// The files that the pattern finds, each once, sorted by their UTF-8 bytes, as paths relative to the base (absolute for absolute patterns).
    ///
    /// `*`, `?` and `[..]` match within one name, `**` any number of folders, `{a,b}` either; `\` makes the next character plain. Hidden names
    /// match only where the dot is written, and `**` does not follow symbolic links. A pattern that ends with a slash finds folders instead.
    /// A folder that is not there holds nothing; names that are not UTF-8 are passed over.
    /// - Throws: ``FileFault`` for a folder that cannot be read, and beyond ``ExpressionLimits``.
    package func glob(_ pattern: String) throws(FileFault) -> [String] {
        guard !pattern.isEmpty, !pattern.utf8.contains(0) else { return [] }
        guard let alternatives = GlobBraces.expand(pattern) else {
            throw fault("more than \(ExpressionLimits.globAlternatives) alternatives in one pattern", pattern)
        }
        var found: [String] = []
        for alternative in alternatives {
            let pattern = GlobPattern(alternative)
            try walk(pattern.isAbsolute ? "/" : "", pattern.segments[...], pattern, depth: 0, into: &found)
        }
        found.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        // By bytes too: names that Unicode holds equal are two files.
        var unique: [String] = []
        for path in found where unique.last.map({ $0.utf8.elementsEqual(path.utf8) }) != true { unique.append(path) }
        return unique
    }

    private func walk(
        _ path: String, _ segments: ArraySlice<GlobPattern.Segment>, _ pattern: GlobPattern, depth: Int, into found: inout [String]
    ) throws(FileFault) {
        guard let segment = segments.first else {
            if !path.isEmpty, kind(of: path) == (pattern.wantsFolders ? .folder : .file) { found.append(path) }
            guard found.count <= ExpressionLimits.elements else { throw fault("more than \(ExpressionLimits.elements) paths", path) }
            return
        }
        let rest = segments.dropFirst()
        switch segment {
        case .name(let name): try walk(join(path, name), rest, pattern, depth: depth, into: &found)
        case .matching(let pieces):
            for name in try names(in: path) where GlobPattern.matches(pieces, name) {
                try walk(join(path, name), rest, pattern, depth: depth, into: &found)
            }
        case .anyFolders:
            guard depth <= ExpressionLimits.globDepth else { throw fault("'**' beyond \(ExpressionLimits.globDepth) folders", path) }
            // At the end it stands for every file below; else what follows may lie here or in any folder below.
            if rest.isEmpty {
                if pattern.wantsFolders { try walk(path, rest, pattern, depth: depth, into: &found) }
            } else {
                try walk(path, rest, pattern, depth: depth, into: &found)
            }
            for name in try names(in: path) where !name.hasPrefix(".") {
                let below = join(path, name)
                if Self.isRealFolder(resolve(below)) {
                    try walk(below, segments, pattern, depth: depth + 1, into: &found)
                } else if rest.isEmpty, !pattern.wantsFolders {
                    try walk(below, rest, pattern, depth: depth, into: &found)
                }
            }
        }
    }

    private func join(_ path: String, _ name: String) -> String { path.isEmpty || path == "/" ? path + name : path + "/" + name }

    private func names(in path: String) throws(FileFault) -> [String] {
        let folder = resolve(path)
        guard let stream = opendir(folder.isEmpty ? "." : folder) else {
            if errno == ENOENT || errno == ENOTDIR { return [] }
            throw fault("cannot read the folder (\(String(cString: strerror(errno))))", path)
        }
        defer { closedir(stream) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: tuple.pointee)) {
                    String(validatingCString: $0)
                }
            }
            if let name, name != ".", name != ".." { names.append(name) }
            errno = 0
        }
        guard errno == 0 else { throw fault("cannot read the folder (\(String(cString: strerror(errno))))", path) }
        return names
    }

    private func fault(_ what: String, _ path: String) -> FileFault { FileFault(what: what, written: path, resolved: resolve(path)) }

    private static func kind(at path: String) -> Kind? {
        var status = stat()
        guard !path.isEmpty, stat(path, &status) == 0 else { return nil }
        return status.st_mode & S_IFMT == S_IFDIR ? .folder : .file
    }

    private static func isRealFolder(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
