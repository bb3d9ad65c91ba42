internal import Glibc
internal import RayflowCore

/// Reads what a finished process left as its outputs.
struct OutputReader {
    private let order: ShellOrder
    private var entries: OutputFile?
    private var outputs = StepOutputs()

    private init(_ order: ShellOrder) { self.order = order }

    /// - Throws: what is wrong, naming step and output.
    static func read(_ order: ShellOrder) throws(OutputFault) -> StepOutputs {
        var reader = OutputReader(order)
        for output in order.outputs {
            do throws(OutputFault) {
                reader.outputs.values[output.name] = try reader.value(output)
            } catch {
                throw OutputFault("output '\(output.name)' of step '\(order.position)', from \(output.place): \(error.what)")
            }
        }
        return reader.outputs
    }

    private mutating func value(_ output: OutputOrder) throws(OutputFault) -> Value {
        switch output.source {
        case .stdout: return try parsed(file(order.stdoutPath) ?? [], output)
        case .stderr: return try parsed(file(order.stderrPath) ?? [], output)
        case .outputFile:
            let entries = try writtenEntries()
            guard let text = entries.values[output.name] else {
                let names = entries.values.keys.sorted().joined(separator: ", ")
                return try missing(output, "not written; the step wrote \(names.isEmpty ? "nothing" : names) there")
            }
            return try parsed(Array(text.utf8), output)
        case .content(_, let path):
            guard let bytes = try file(path) else { return try missing(output, "output file not written") }
            return try parsed(bytes, output)
        case .path(_, let path):
            guard FileIdentity.quick(path) != nil else { return try missing(output, "output file not written") }
            return try kept(.file(path), output.type)
        case .glob(let pattern, let folder):
            let files = FileFunctions(base: folder)
            let found: [String]
            do { found = try files.glob(pattern) } catch { throw OutputFault(error.description) }
            if found.isEmpty, output.defaultValue != nil || output.isOptional { return try missing(output, "") }
            var values: [Value] = []
            for path in found { values.append(try kept(.file(files.resolve(path)), output.type.element ?? .file)) }
            return .list(values)
        }
    }

    private func missing(_ output: OutputOrder, _ what: String) throws(OutputFault) -> Value {
        if let value = output.defaultValue { return value }
        if output.isOptional { return .null }
        throw OutputFault(what)
    }

    private mutating func parsed(_ bytes: [UInt8], _ output: OutputOrder) throws(OutputFault) -> Value {
        if output.isOptional || output.defaultValue != nil, output.type != .string, output.type != .bytes,
            bytes.allSatisfy({ $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 })
        {
            return try missing(output, "")
        }
        return try kept(OutputParsing.value(bytes, output.type, pointer: output.pointer), output.type)
    }

    /// Checks every file in the value, and notes what it is. Relative paths are taken from where the step ran.
    private mutating func kept(_ value: Value, _ type: ValueType) throws(OutputFault) -> Value {
        switch (value, type) {
        case (.file(let path), _):
            let resolved = path.hasPrefix("/") ? path : order.workdir + "/" + path
            let name = path == resolved ? "'\(path)'" : "'\(path)' (resolved to '\(resolved)')"
            guard let kind = FileFunctions(base: order.workdir).kind(of: resolved) else { throw OutputFault("there is no \(name)") }
            if type == .file, kind == .folder { throw OutputFault("\(name) is a folder, not a file; declare it as dir") }
            if kind == .file, type != .dir {
                do throws(RegularFile.Fault) { try RegularFile.check(resolved) } catch { throw OutputFault("\(name) \(error.text)") }
            }
            if type == .dir, kind == .file { throw OutputFault("\(name) is a file, not a folder; declare it as file") }
            outputs.files[resolved] = FileIdentity.ofOutput(resolved)
            return .file(resolved)
        case (.array(let elements), .list(let element)) where element.holdsFiles:
            var values: [Value] = []
            for value in elements { values.append(try kept(value, element)) }
            return .list(values)
        case (.object(let members), .map(let element)) where element.holdsFiles:
            var values: [(String, Value)] = []
            for (key, value) in members { values.append((key, try kept(value, element))) }
            return .object(ValueObject(values))
        default: return value
        }
    }

    private mutating func writtenEntries() throws(OutputFault) -> OutputFile {
        if let entries { return entries }
        let read = try OutputFile(file(order.outputPath) ?? [])
        entries = read
        return read
    }

    /// Nil when it is not there.
    private func file(_ path: String) throws(OutputFault) -> [UInt8]? {
        var info = stat()
        guard stat(path, &info) == 0 else {
            guard errno == ENOENT || errno == ENOTDIR else { throw OutputFault("cannot be read: \(String(cString: strerror(errno)))") }
            return nil
        }
        guard info.st_size <= RunLimits.outputBytes else {
            throw OutputFault(
                "it has \(info.st_size) bytes, more than the \(RunLimits.outputBytes >> 20) MiB of an output that is held as a value; "
                    + "declare it with type: file and path:")
        }
        do throws(RegularFile.Fault) { return try RegularFile.bytes(path, atMost: RunLimits.outputBytes) } catch {
            throw OutputFault("it \(error.text)")
        }
    }
}
