/// Environment variables that a task or an actor asks of its worker. Equal sets have one form, so they are cheap to compare.
public struct RuntimeEnvironment: Sendable {
    /// `NAME=value` in UTF-8, sorted by name, each ended by a zero byte.
    private let bytes: [UInt8]

    /// Nothing was asked for: such a worker has what the node's other workers have.
    public static let none = Self(bytes: [])

    /// Bytes of all names and values, with two more for each.
    public static let largestSize = 64 << 10
    /// What begins like this is the engine's own.
    public static let reservedPrefix = "RAYFLOW_"

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// - Throws: `runtimeEnvSetup` for names that are empty, hold `=` or begin with ``reservedPrefix``, for zero bytes, and for more than
    ///   ``largestSize`` bytes.
    public init(_ variables: [String: String]) throws(RayflowError) {
        var entries: [[UInt8]] = []
        var size = 0
        for (name, value) in variables {
            if let fault = Self.fault(name, value) { throw RayflowError(.runtimeEnvSetup, fault) }
            let entry = Array("\(name)=\(value)".utf8) + [0]
            size += entry.count
            entries.append(entry)
        }
        guard size <= Self.largestSize else {
            let text = "environment: \(size) bytes are more than \(Self.largestSize); pass what is large as an argument"
            throw RayflowError(.runtimeEnvSetup, text)
        }
        // By name alone: what stands behind the `=` of the shorter of two names must not count.
        let sorted = entries.sorted {
            $0.prefix { $0 != UInt8(ascii: "=") }.lexicographicallyPrecedes($1.prefix { $0 != UInt8(ascii: "=") })
        }
        bytes = Array(sorted.joined())
    }

    private static func fault(_ name: String, _ value: String) -> String? {
        if name.isEmpty { return "environment: a variable without a name" }
        if name.utf8.contains(UInt8(ascii: "=")) { return "environment: the name '\(name)' holds a '='" }
        if name.utf8.contains(0) { return "environment: the name '\(name.filter { $0 != "\0" })' holds a zero byte" }
        if value.utf8.contains(0) { return "environment: the value of '\(name)' holds a zero byte" }
        if name.hasPrefix(reservedPrefix) { return "environment: '\(name)' is reserved, as all that begins with \(reservedPrefix)" }
        return nil
    }

    public var isNone: Bool { bytes.isEmpty }

    /// Sorted by name.
    public var variables: [(name: String, value: String)] {
        bytes.split(separator: 0).map { entry in
            let at = entry.firstIndex(of: UInt8(ascii: "=")) ?? entry.endIndex
            return (String(decoding: entry[..<at], as: UTF8.self), String(decoding: entry[at...].dropFirst(), as: UTF8.self))
        }
    }
}

extension RuntimeEnvironment: Hashable, Comparable {
    public static func < (a: Self, b: Self) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }
}

extension RuntimeEnvironment: CustomStringConvertible {
    /// Names only: values may be secrets.
    public var description: String { variables.map(\.name).joined(separator: ", ") }
}

extension ByteWriter {
    mutating func environment(_ value: RuntimeEnvironment) {
        list(value.variables) { writer, entry in
            writer.string(entry.name)
            writer.string(entry.value)
        }
    }
}

extension ByteReader {
    mutating func environment() throws(DecodingFault) -> RuntimeEnvironment {
        let start = offset
        var variables: [String: String] = [:]
        for _ in 0..<(try length(unit: 8)) {
            let name = try string()
            variables[name] = try string()
        }
        if variables.isEmpty { return .none }
        do { return try RuntimeEnvironment(variables) } catch { throw DecodingFault(error.message, at: start) }
    }
}
