/// Bounds of the value coder.
public enum ValueLimits {
    /// Levels of nested values, for writing and reading alike: what could not be read back is not written. Bounds the stack on corrupt bytes.
    public static let depth = 512
    /// Bytes of one field or nested value of a `Codable` type. Arrays, strings and whole objects may be larger.
    public static let fieldBytes = Int(UInt32.max) - 1
    /// Bytes of a coding key.
    public static let keyBytes = Int(UInt16.max)
    /// Elements for which room is made before they are seen; a count in the bytes is not trusted beyond it.
    package static let reservedElements = 4096
}
