internal import CLinux
internal import Glibc

/// The standard descriptors of a step, open in the runner until the child has its copies.
struct StepFiles: ~Copyable {
    private(set) var input: Int32 = -1
    private(set) var output: Int32 = -1
    private(set) var error: Int32 = -1
    private let null: Int32

    /// - Parameter null: `/dev/null`, open for reading; stays the caller's.
    init(_ start: StepStart, null: Int32) throws(SpawnFailure) {
        self.null = null
        let failure = FileBytes.makeFolder(start.attemptFolder)
        if failure != 0 { throw Self.failure("the folder \(start.attemptFolder)", failure) }
        switch start.input {
        case .none: input = null
        case .file(let path): input = try Self.openInput(path, workdir: start.workdir)
        case .bytes(let bytes): input = try Self.inlineInput(bytes)
        }
        output = try Self.openLog(start.outputPath)
        error = start.errorPath == start.outputPath ? output : try Self.openLog(start.errorPath)
    }

    deinit {
        if input >= 0, input != null { close(input) }
        if error >= 0, error != output { close(error) }
        if output >= 0 { close(output) }
    }

    var inherited: [SpawnRequest.Inherited] { [.init(input, as: 0), .init(output, as: 1), .init(error, as: 2)] }

    private static func openLog(_ path: String) throws(SpawnFailure) -> Int32 {
        let flags = O_WRONLY | O_CREAT | O_APPEND
        var descriptor = rf_open(path, flags, 0o644)
        if descriptor < 0, errno == ENOENT, let folder = FileBytes.parent(of: path), FileBytes.makeFolder(folder) == 0 {
            descriptor = rf_open(path, flags, 0o644)
        }
        guard descriptor >= 0 else { throw failure("the log file \(path)", errno) }
        return descriptor
    }

    /// Opened without waiting: a named pipe nobody writes to must not stop the runner.
    private static func openInput(_ path: String, workdir: String) throws(SpawnFailure) -> Int32 {
        let resolved = path.utf8.first == UInt8(ascii: "/") ? path : workdir + "/" + path
        let descriptor = rf_open(resolved, O_RDONLY | O_NONBLOCK, 0)
        guard descriptor >= 0 else { throw failure("standard input \(resolved)", errno) }
        var info = stat()
        if fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFDIR {
            close(descriptor)
            throw failure("standard input \(resolved)", EISDIR)
        }
        _ = rf_fcntl_int(descriptor, F_SETFL, 0)
        return descriptor
    }

    /// In memory: nothing to clean up, seekable, and independent of the disk.
    private static func inlineInput(_ bytes: [UInt8]) throws(SpawnFailure) -> Int32 {
        let descriptor = rf_memfd_create("rayflow-step-input")
        guard descriptor >= 0 else { throw failure("standard input", errno) }
        let problem = FileBytes.writeAll(bytes, to: descriptor)
        guard problem == 0, lseek(descriptor, 0, SEEK_SET) == 0 else {
            close(descriptor)
            throw failure("standard input", problem)
        }
        return descriptor
    }

    private static func failure(_ what: String, _ number: Int32) -> SpawnFailure {
        SpawnFailure(.files, errno: number, "cannot open \(what): \(errnoText(number))")
    }
}
