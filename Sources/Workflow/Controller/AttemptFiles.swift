internal import Journal
internal import RayflowCore

/// The files of an attempt that the controller writes and reads.
enum AttemptFiles {
    static let savedOutputs = "outputs.json"

    /// Makes what has to be there before the process starts.
    static func prepare(_ order: ShellOrder) throws(JournalFault) {
        if order.isScratch { try Files.makeFolder(order.workdir) }
        var made: Set<String> = []
        for file in order.files {
            let folder = parent(of: file.path)
            if made.insert(folder).inserted { try Files.makeFolder(folder) }
            try Files.writeAtomically(file.path, Array(file.content.utf8), sync: false)
        }
    }

    static func save(_ outputs: JSON, in folder: String) throws(JournalFault) {
        try Files.makeFolder(folder)
        try Files.writeAtomically(folder + "/" + savedOutputs, Array(outputs.compact.utf8), sync: true)
    }

    private static func parent(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }
}
