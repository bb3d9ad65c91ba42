import Glibc
import Journal
import Workflow

/// Where the output of attempts lies in a run's folder.
enum AttemptLogs {
    enum Kind: String, CaseIterable, Sendable { case stdout, stderr }

    static func folder(_ attempts: String, _ position: String, _ attempt: Int) -> String {
        "\(attempts)/\(StepPosition.folderName(position))/\(attempt)"
    }

    static func file(_ folder: String, _ kind: Kind) -> String { "\(folder)/\(kind.rawValue).log" }

    static func size(_ path: String) -> Int {
        var info = stat()
        return stat(path, &info) == 0 ? Int(info.st_size) : 0
    }

    /// Numbers of the attempts that left a folder, ascending.
    static func attempts(_ run: RunFolder, _ position: String) -> [Int] {
        let names = (try? Files.names(in: "\(run.attempts)/\(StepPosition.folderName(position))")) ?? []
        return names.compactMap(Int.init).sorted()
    }
}
