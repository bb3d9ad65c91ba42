import EngineTestRemotes
import Foundation
import Glibc
import Rayflow
import RayflowCore
import Testing

/// All tests of the embedded cluster with real worker processes. One at a time: they count processes.
@Suite("The engine with worker processes", .serialized)
enum EngineTests {}

enum Programs {
    static var worker: String {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return own.prefix(upTo: own.lastIndex(of: "/") ?? own.startIndex) + "/EngineTestWorker"
    }
}

/// A folder of one test, removed with it.
final class Scratch {
    let path: String
    init() {
        path = NSTemporaryDirectory() + "rayflow-test-\(UUID().uuidString)"
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    func file(_ name: String) -> String { path + "/" + name }
    func lines(_ name: String) -> [String] {
        ((try? String(contentsOfFile: file(name), encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// Runs `body` inside a new cluster and ends it in any case.
func withCluster(
    cpus: Int = 2, storeBytes: Int? = nil, outputFD: Int32 = 1, configure: (inout EmbeddedCluster.Options) -> Void = { _ in },
    _ body: (Cluster, EmbeddedCluster) async throws -> Void
) async throws {
    var options = EmbeddedCluster.Options(registry: EngineRemotes.registry, resources: try EngineBoot.resources(["CPU": Double(cpus)]))
    options.workers = .executable(Programs.worker)
    options.objectStore.memory = storeBytes
    options.workerOutputFD = outputFD
    configure(&options)
    let embedded = try EmbeddedCluster(options)
    embedded.core.keepAlive(embedded)
    let cluster = Cluster(engine: embedded.core, registry: EngineRemotes.registry)
    do { try await cluster.run { try await body(cluster, embedded) } } catch {
        await cluster.shutDown()
        throw error
    }
    await cluster.shutDown()
}

/// Waits until a body has left a line in a file.
func line(in path: String) async throws -> String {
    while true {
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        if text.hasSuffix("\n") { return text.trimmingCharacters(in: .newlines) }
        try await Task.sleep(for: .milliseconds(2))
    }
}

/// Waits until the condition holds.
func eventually(_ condition: () async throws -> Bool) async throws {
    while try await !condition() { try await Task.sleep(for: .milliseconds(2)) }
}

/// Waits until a process is gone.
func ends(_ pid: Int32) async throws { try await eventually { kill(pid, 0) != 0 } }

func code(_ body: () async throws -> Void) async -> RayflowError.Code? {
    do {
        try await body()
        return nil
    } catch let error as RayflowError { return error.code } catch { return RayflowError.Code(rawValue: "\(type(of: error))") }
}
