import RayflowCore

import class Foundation.FileManager
import class Foundation.ProcessInfo
import struct Foundation.URL

/// GitHub's conformance cases for expressions. They lie outside the package: in `$RAYFLOW_TEST_DATA/expressions`, else `../shared/data` beside it.
struct ConformanceCase: Sendable, CustomStringConvertible {
    var file: String
    var expression: String
    var contexts: JSONObject
    var result: JSON?
    var error: JSON?

    var description: String { "\(file): \(expression.prefix(60))" }

    static let folder: String = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let data =
            ProcessInfo.processInfo.environment["RAYFLOW_TEST_DATA"]
            ?? root.deletingLastPathComponent().appending(path: "shared/data").path()
        return data + "/expressions"
    }()

    static let isThere: Bool = {
        let isThere = FileManager.default.fileExists(atPath: folder)
        if !isThere { print("Conformance cases for expressions skipped: no \(folder); set RAYFLOW_TEST_DATA.") }
        return isThere
    }()

    static func load() throws -> [ConformanceCase] {
        guard isThere else { return [] }
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".json") }.sorted()
        return try files.flatMap { file in
            let bytes = FileManager.default.contents(atPath: folder + "/" + file) ?? .init()
            let groups = try JSON.parse(Array(bytes)).objectValue ?? [:]
            return groups.values.flatMap { $0.arrayValue ?? [] }.map { entry in
                ConformanceCase(
                    file: file, expression: entry["expr"]?.stringValue ?? "", contexts: entry["contexts"]?.objectValue ?? [:],
                    result: entry["result"], error: entry["err"])
            }
        }
    }
}
