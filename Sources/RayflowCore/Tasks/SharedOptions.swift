import Synchronization

/// The options of a submission as an object, with their encoded form: what a million equal tasks have in common stands in memory once, and is
/// encoded and decoded once.
public final class SharedOptions: Sendable {
    public let value: SpecOptions
    /// What travels.
    let encoded: [UInt8]
    /// Of what one lease serves: equal for options that differ in nothing that a scheduler looks at.
    public let shapeHash: Int

    public convenience init(_ value: SpecOptions) {
        var writer = ByteWriter(reserving: 64)
        writer.options(value)
        self.init(value, encoded: writer.bytes)
    }

    private init(_ value: SpecOptions, encoded: [UInt8]) {
        self.value = value
        self.encoded = encoded
        var hasher = Hasher()
        hasher.combine(value.resources)
        hasher.combine(value.priority)
        hasher.combine(value.environment)
        hasher.combine(value.strategy)
        shapeHash = hasher.finalize()
    }

    /// The options of a submission that names none.
    public static let standard = SharedOptions(SpecOptions())

    /// Whether one lease can serve tasks with either.
    public func hasShape(of other: SharedOptions) -> Bool {
        self === other
            || shapeHash == other.shapeHash && value.resources == other.value.resources && value.priority == other.value.priority
                && value.environment == other.value.environment && value.strategy == other.value.strategy
    }

    /// The last ones decoded in this process: most messages repeat them.
    private static let recent = Mutex<[SharedOptions]>([])
    private static let recentLimit = 4

    fileprivate static func decode(_ bytes: ArraySlice<UInt8>) throws(DecodingFault) -> SharedOptions {
        let known = recent.withLock { recent -> SharedOptions? in
            guard let at = recent.firstIndex(where: { $0.encoded.elementsEqual(bytes) }) else { return nil }
            if at > 0 { recent.swapAt(at, at - 1) }
            return recent[max(at - 1, 0)]
        }
        if let known { return known }
        var reader = ByteReader(bytes)
        let value = try reader.options()
        try reader.finish()
        let made = SharedOptions(value, encoded: Array(bytes))
        recent.withLock { recent in
            if recent.count == recentLimit { recent.removeLast() }
            recent.append(made)
        }
        return made
    }
}

extension SharedOptions: Hashable {
    public static func == (a: SharedOptions, b: SharedOptions) -> Bool { a === b || a.value == b.value }
    public func hash(into hasher: inout Hasher) { hasher.combine(value) }
}

extension ByteWriter {
    mutating func sharedOptions(_ value: SharedOptions) { blob(value.encoded) }
}

extension ByteReader {
    mutating func sharedOptions() throws(DecodingFault) -> SharedOptions { try .decode(try slice(try length())) }
}
