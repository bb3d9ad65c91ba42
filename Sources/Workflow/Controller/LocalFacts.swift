package import Raylet
package import RayflowCore

/// What this machine answers: files relative to the workflow's folder, the environment, and the attempts' folders.
package struct LocalFacts: OutsideFacts {
    private let files: FileFunctions
    private let attemptsFolder: String
    private let environment: [String: String]

    /// - Parameters:
    ///   - workflowFolder: absolute.
    ///   - environment: what `env()` sees.
    package init(workflowFolder: String, attemptsFolder: String, environment: [EnvironmentVariable]) {
        files = FileFunctions(base: workflowFolder)
        self.attemptsFolder = attemptsFolder
        self.environment = Dictionary(environment.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
    }

    package func call(_ function: String, _ arguments: [Value]) throws -> Value {
        switch function {
        case "glob":
            var found: [String] = []
            var seen: Set<String> = []
            for argument in arguments {
                for path in try files.glob(argument.coercedText) where seen.insert(path).inserted { found.append(path) }
            }
            return .list(found.map { .string($0) })
        case "file":
            let path = arguments.first?.coercedText ?? ""
            try files.checkFile(path)
            do throws(RegularFile.Fault) { try RegularFile.check(files.resolve(path)) } catch { throw fault(error, path) }
            return .file(path)
        case "dir":
            let path = arguments.first?.coercedText ?? ""
            try files.checkFolder(path)
            return .file(path)
        case "env":
            if let value = environment[arguments.first?.coercedText ?? ""] { return .string(value) }
            return arguments.count > 1 ? arguments[1] : .null
        case "hashFiles": return .string(try hash(arguments.map(\.coercedText)))
        default: throw UnknownFunction(name: function)
        }
    }

    private struct UnknownFunction: Error, CustomStringConvertible {
        var name: String
        var description: String { "'\(name)' is not there" }
    }

    /// Empty when no file matches, as on GitHub.
    private func hash(_ patterns: [String]) throws -> String {
        var paths: Set<String> = []
        for pattern in patterns { paths.formUnion(try files.glob(pattern)) }
        guard !paths.isEmpty else { return "" }
        var hasher = Digest128Hasher()
        for path in paths.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            hasher.update(path)
            do throws(RegularFile.Fault) { hasher.update(try FileIdentity.content(files.resolve(path))) } catch { throw fault(error, path) }
        }
        return hasher.digest.description
    }

    private func fault(_ fault: RegularFile.Fault, _ path: String) -> FileFault {
        FileFault(what: "this file \(fault.text)", written: path, resolved: files.resolve(path))
    }

    package func resolve(_ path: String) -> String { files.resolve(path) }

    package func identity(ofFile path: String) -> String? { FileIdentity.quick(path) }

    package func exit(position: String, attempt: Int) -> StepExit? { ExitFile.read(in: folder(position, attempt))?.exit }

    package func savedOutputs(position: String, attempt: Int) -> JSON? {
        let path = folder(position, attempt) + "/" + AttemptFiles.savedOutputs
        guard let bytes = try? RegularFile.bytes(path, atMost: RunLimits.outputBytes * 2) else { return nil }
        return try? JSON.parse(bytes)
    }

    private func folder(_ position: String, _ attempt: Int) -> String {
        "\(attemptsFolder)/\(StepPosition.folderName(position))/\(attempt)"
    }
}
