import Dispatch
import Glibc
import RayflowCore

/// A program that is driver and worker in one: `@main struct Demo: RayflowApp`.
public protocol RayflowApp: SendableMetatype {
    /// All that can be called from afar. Evaluated in the driver and in each worker.
    static var remotes: Registry { get }
    /// The driver. Calls inside go to this cluster.
    static func main(_ ray: Cluster) async throws
}

extension RayflowApp {
    /// Takes the role that this process was started with, before any code of the user's; as a driver, starts a cluster, runs `main(_:)` and
    /// ends the process: with status 0, or with 1 and the error on standard error.
    public static func main() {
        Rayflow.takeRole(remotes)
        Task {
            var status: Int32 = 0
            do {
                let cluster = try await Cluster.start(remotes)
                do { try await cluster.run { try await main(cluster) } } catch {
                    report(error)
                    status = 1
                }
                await cluster.shutDown()
            } catch {
                report(error)
                status = 1
            }
            exit(status)
        }
        dispatchMain()
    }

    private static func report(_ error: any Error) {
        let text = Array("error: \(error)\n".utf8)
        _ = text.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
