internal import Glibc

/// Finds the file of a command as the child's shell would: in the child's `PATH`, from the child's folder.
enum CommandResolver {
    /// Where commands are looked for without a `PATH`, as in `execvp`.
    static let defaultPath = "/bin:/usr/bin"

    /// A path for `execve`. A command with a slash is returned as it is: the kernel resolves it in the child's folder.
    static func resolve(_ command: String, path: String?, workdir: String?) throws(SpawnFailure) -> String {
        if command.isEmpty { throw SpawnFailure(.invalidRequest, "the command is empty") }
        if command.utf8.contains(UInt8(ascii: "/")) { return command }
        let path = path ?? defaultPath
        var unusable: String?
        for folder in path.split(separator: ":", omittingEmptySubsequences: false) {
            // An empty entry means the current folder.
            let candidate = folder.isEmpty ? "./" + command : folder + "/" + command
            let seenFromHere = inFolder(candidate, workdir)
            if access(seenFromHere, X_OK) == 0 {
                if isRegularFile(seenFromHere) { return candidate }
            } else if errno == EACCES, unusable == nil, isRegularFile(seenFromHere) {
                unusable = candidate
            }
        }
        if let unusable { throw SpawnFailure(.notExecutable, errno: EACCES, "\(unusable) is not executable") }
        throw SpawnFailure(.commandNotFound, errno: ENOENT, "command not found: \(command) (PATH is \(path))")
    }

    /// Why `posix_spawn` failed: the call itself does not tell the folder from the file.
    static func explain(_ number: Int32, file: String, workdir: String?) -> SpawnFailure {
        switch number {
        case E2BIG:
            return SpawnFailure(.argumentsTooLong, errno: number, "arguments and environment of \(file) are longer than the system allows")
        case EAGAIN, ENOMEM, EMFILE, ENFILE:
            return SpawnFailure(.outOfResources, errno: number, "cannot start \(file): \(errnoText(number))")
        case EBADF:
            return SpawnFailure(.invalidRequest, errno: number, "a descriptor to pass on to \(file) is not open")
        default: break
        }
        if let workdir {
            if !isFolder(workdir) {
                let what = access(workdir, F_OK) == 0 ? "is not a folder" : errnoText(errno)
                return SpawnFailure(.badWorkdir, errno: number, "working folder \(workdir): \(what)")
            }
            if access(workdir, X_OK) != 0 {
                return SpawnFailure(.badWorkdir, errno: number, "working folder \(workdir): \(errnoText(errno))")
            }
        }
        let seenFromHere = inFolder(file, workdir)
        switch number {
        case ENOENT where access(seenFromHere, F_OK) == 0:
            return SpawnFailure(.notExecutable, errno: number, "the interpreter that \(file) names does not exist")
        case ENOENT, ENOTDIR:
            return SpawnFailure(.commandNotFound, errno: number, "command not found: \(file)")
        case EACCES, EISDIR, EPERM:
            let what = isFolder(seenFromHere) ? "is a folder" : "is not executable"
            return SpawnFailure(.notExecutable, errno: number, "\(file) \(what)")
        case ENOEXEC:
            return SpawnFailure(.notExecutable, errno: number, "\(file) is not a program of this machine; a script needs a #! line")
        case ETXTBSY, ELOOP, ELIBBAD, EINVAL:
            return SpawnFailure(.notExecutable, errno: number, "\(file): \(errnoText(number))")
        default:
            return SpawnFailure(.other, errno: number, "cannot start \(file): \(errnoText(number))")
        }
    }

    private static func inFolder(_ path: String, _ workdir: String?) -> String {
        guard let workdir, path.utf8.first != UInt8(ascii: "/") else { return path }
        return workdir + "/" + path
    }

    private static func isRegularFile(_ path: String) -> Bool {
        var info = stat()
        return stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFREG
    }

    private static func isFolder(_ path: String) -> Bool {
        var info = stat()
        return stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFDIR
    }
}
