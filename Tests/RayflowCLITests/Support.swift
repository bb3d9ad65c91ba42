import Foundation
import RayflowCore
import Synchronization
@testable import RayflowCLI
@testable import Workflow

/// Keeps what is written to it.
final class Page: Sendable {
    private let bytes = Mutex<[UInt8]>([])
    var outlet: Outlet { Outlet { bytes in self.bytes.withLock { $0 += bytes } } }
    var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }
    var lines: [String] { text.split(separator: "\n").map(String.init) }
    func clear() { bytes.withLock { $0 = [] } }
}

/// A folder that is gone with the test.
final class Folder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "rayflow-cli-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ text: String) throws {
        let file = URL(fileURLWithPath: "\(path)/\(name)")
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    func append(_ name: String, _ text: String) throws {
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: "\(path)/\(name)"))
        defer { try? file.close() }
        try file.seekToEnd()
        try file.write(contentsOf: Data(text.utf8))
    }
}

extension RunEvent {
    static func done(_ position: String, milliseconds: UInt64 = 12) -> RunEvent {
        .finished(position: position, status: .succeeded, attempt: 1, nanoseconds: milliseconds * 1_000_000, isReused: false)
    }

    static func ended(_ position: String, _ status: StepStatus) -> RunEvent {
        .finished(position: position, status: status, attempt: 1, nanoseconds: nil, isReused: false)
    }

    static func failure(_ position: String, _ message: String, tail: [String] = [], isTolerated: Bool = false) -> RunEvent {
        .failed(position: position, failure: StepFailure(.failure, message), isTolerated: isTolerated, tail: tail)
    }
}
