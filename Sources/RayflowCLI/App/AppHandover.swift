import CLinux
import Glibc
import Synchronization
import Workflow

/// Replaces this process by the program that a workflow names under `app:`, with the same arguments.
enum AppHandover {
    /// Says which program the one before has started, so that two programs never start one another for ever.
    private static let marker = "RAYFLOW_APP"
    private static let received = Mutex<String?>(nil)

    /// At the start: what this process starts must not see the marker.
    static func takeMarker() {
        guard let value = getenv(marker) else { return }
        received.withLock { $0 = String(cString: value) }
        unsetenv(marker)
    }

    /// Returns when this program is the one that the workflow wants; otherwise builds it if needed and does not return.
    ///
    /// - Throws: ``CommandFailure`` when the program is not there, cannot be built or cannot be started.
    static func become(appOf workflow: WorkflowFile) throws {
        guard let app = workflow.app else { return }
        let folder = Paths.folder(ofFile: workflow.source.file)
        let target: String
        switch app {
        case .path(let written):
            target = Paths.resolve(written, in: folder)
            guard access(target, X_OK) == 0, !Paths.isFolder(target) else {
                let reason = errno == 0 || Paths.isFolder(target) ? "it is a folder" : String(cString: strerror(errno))
                throw CommandFailure.usage(
                    "\(workflow.source.file): cannot start the app \(written) (\(target)): \(reason); build it first")
            }
        case .package(let path, let product):
            let package = PackageBuild(folder: Paths.resolve(path, in: folder), product: product)
            if package.isRunning { return }
            target = try package.ensure()
        }
        let real = Paths.real(target) ?? target
        if real == Paths.real("/proc/self/exe") { return }
        // A script may stand before the program: what was started for this app is the app.
        if received.withLock({ $0 }) == real { return }
        try replace(real)
    }

    private static func replace(_ path: String) throws {
        setenv(marker, path, 1)
        var arguments: [UnsafeMutablePointer<CChar>?] = Program.current.arguments.map { strdup($0) }
        arguments.append(nil)
        execv(path, arguments)
        let reason = String(cString: strerror(errno))
        for argument in arguments { free(argument) }
        unsetenv(marker)
        throw CommandFailure.usage("cannot start the app \(path): \(reason)")
    }
}
