internal import CLinux
internal import Glibc

/// An executable held open, so that children run the very file that this process runs, also when it was rebuilt or removed since.
///
/// It lives as long as the process: opened once at the start, while its number is still small.
package struct ProgramImage: Sendable, Hashable {
    package let descriptor: Int32

    /// The program of this process.
    package static func ofThisProcess() throws(SpawnFailure) -> ProgramImage { try ProgramImage(path: "/proc/self/exe") }

    package init(path: String) throws(SpawnFailure) {
        descriptor = rf_open(path, O_RDONLY, 0)
        guard descriptor >= 0 else { throw SpawnFailure(.notExecutable, errno: errno, "cannot open \(path): \(errnoText(errno))") }
    }
}
