import Glibc

/// A `.rayflow` folder: where the runs of a project are kept.
package struct RunHome: Hashable, Sendable {
    package static let folderName = ".rayflow"
    /// Names the folder that is used in place of `.rayflow`, when no `--home` is given.
    package static let variable = "RAYFLOW_HOME"
    /// Stands for the newest run wherever a run is named.
    package static let latest = "latest"

    /// Absolute. The folder may not exist yet.
    package let path: String

    /// The folder in use: `explicit` (`--home`), else `RAYFLOW_HOME`, else `.rayflow` in the current folder or the nearest ancestor that has
    /// one, else `.rayflow` in the current folder, which need not exist. Makes nothing.
    ///
    /// - Throws: `missing` when the current folder is gone, `notAFolder` when the name is taken by a file.
    package static func find(explicit: String? = nil) throws(JournalFault) -> RunHome {
        let variable = getenv(Self.variable).map { String(cString: $0) }
        guard let current = getcwd(nil, 0) else { throw JournalFault(errorNumber: errno, path: ".", "find the current folder") }
        defer { free(current) }
        return try find(explicit: explicit, variable: variable, from: String(cString: current))
    }

    static func find(explicit: String?, variable: String?, from current: String) throws(JournalFault) -> RunHome {
        var path = "\(current == "/" ? "" : current)/\(folderName)"
        if let given = [explicit, variable].compactMap({ $0 }).first(where: { !$0.isEmpty }) {
            path = given.hasPrefix("/") ? given : "\(current)/\(given)"
        } else {
            var folder = current[...]
            while let slash = folder.lastIndex(of: "/") {
                let candidate = "\(folder == "/" ? "" : folder)/\(folderName)"
                if Files.exists(candidate) {
                    path = candidate
                    break
                }
                guard folder != "/" else { break }
                folder = slash == folder.startIndex ? "/" : folder[..<slash]
            }
        }
        guard !Files.exists(path) || Files.isFolder(path) else { throw JournalFault(errorNumber: ENOTDIR, path: path, "use it as home") }
        return RunHome(path: path)
    }

    private var runsPath: String { path + "/runs" }
    /// Begins the names of folders that become runs by rename; no run id begins so.
    private static let stagingPrefix = ".new-"

    /// What those left who were killed while they made a run.
    private func sweepStaged() throws(JournalFault) {
        for name in try Files.names(in: runsPath) where name.hasPrefix(Self.stagingPrefix) {
            var status = stat()
            let path = "\(runsPath)/\(name)"
            guard stat(path, &status) == 0, time(nil) - status.st_mtim.tv_sec > JournalLimits.stagedRunSeconds else { continue }
            RunFolder(path: path, id: name).remove()
        }
    }

    /// All runs, oldest first. None when the home does not exist.
    package func runs() throws(JournalFault) -> [RunFolder] {
        let names: [String]
        do throws(JournalFault) {
            names = try Files.names(in: runsPath)
        } catch {
            guard error.code == .missing else { throw error }
            return []
        }
        return names.filter(RunID.isValid).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            .map { RunFolder(path: "\(runsPath)/\($0)", id: $0) }
    }

    /// Makes the folder of a new run, and the home when it is missing.
    ///
    /// - Parameter name: the workflow's name, for the id.
    /// - Throws: `unwritable`, `notAFolder`, `diskFull`, `system`.
    package func makeRun(name: String?) throws(JournalFault) -> RunFolder {
        try Files.makeFolder(runsPath)
        try sweepStaged()
        for _ in 0..<JournalLimits.runIDAttempts {
            let id = RunID.make(name: name, after: try runs().last?.id)
            let run = RunFolder(path: "\(runsPath)/\(id)", id: id)
            // Whole or not at all: whoever is killed in here leaves no run behind that has no journal.
            let staged = RunFolder(path: "\(runsPath)/\(Self.stagingPrefix)\(id)", id: id)
            guard mkdir(staged.path, 0o755) == 0 else {
                if errno == EEXIST { continue }
                throw JournalFault(errorNumber: errno, path: run.path, "make the run's folder")
            }
            do throws(JournalFault) { try staged.makeFolders() } catch {
                staged.remove()
                throw error
            }
            if rename(staged.path, run.path) == 0 {
                try Files.syncFolder(runsPath)
                return run
            }
            let error = errno
            staged.remove()
            guard error == EEXIST || error == ENOTEMPTY else {
                throw JournalFault(errorNumber: error, path: run.path, "make the run's folder")
            }
        }
        throw JournalFault(errorNumber: EEXIST, path: runsPath, "find a free run id")
    }

    /// The run of that id, unique prefix of an id, or `latest`.
    ///
    /// - Throws: `noSuchRun`; `ambiguousRun` with the candidates.
    package func resolve(_ text: String) throws(JournalFault) -> RunFolder {
        let runs = try runs()
        if text == Self.latest {
            guard let last = runs.last else {
                throw JournalFault(.noSuchRun, path: runsPath, "there is no run yet; start one with rayflow run")
            }
            return last
        }
        if let exact = runs.first(where: { $0.id == text }) { return exact }
        let matches = text.isEmpty ? [] : runs.filter { $0.id.hasPrefix(text.lowercased()) }
        guard matches.count <= 1 else {
            throw JournalFault(
                .ambiguousRun, path: runsPath, "\(matches.count) runs start with \(text): give more of the id",
                candidates: matches.map(\.id))
        }
        guard let match = matches.first else {
            throw JournalFault(.noSuchRun, path: runsPath, "no run starts with \"\(text)\"; rayflow list shows the runs")
        }
        return match
    }
}
