/// The bounds of the JSON parser.
public enum JSONLimits {
    /// Arrays and objects inside one another. Keeps the parser, and all that walks over its result, within a small thread's stack.
    public static let depth = 256
}
