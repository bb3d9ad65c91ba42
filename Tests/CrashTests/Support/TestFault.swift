/// Why a test cannot go on.
struct TestFault: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}
