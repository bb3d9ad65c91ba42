import Foundation

/// The shared test data: `RAYFLOW_TEST_DATA`, or `../shared/data` beside the package.
enum TestData {
    /// Nil, with a line on standard output, when the folder is not there.
    static func folder(_ name: String) -> String? {
        var package = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { package.deleteLastPathComponent() }
        let root = ProcessInfo.processInfo.environment["RAYFLOW_TEST_DATA"] ?? package.appendingPathComponent("../shared/data").path
        let folder = root + "/" + name
        if FileManager.default.fileExists(atPath: folder) { return folder }
        print("skipped: no test data at \(folder); set RAYFLOW_TEST_DATA")
        return nil
    }
}
