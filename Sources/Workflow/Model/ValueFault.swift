/// Why a value is not of a type.
package struct ValueFault: Error, Hashable, Sendable {
    /// Reads on from the name of what has the value: `wants an int, this is 'x'`.
    package var message: String
    package var hint: String?

    init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }
}
