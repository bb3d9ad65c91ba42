/// The example workflows, as they stand in the package.
enum Example {
    /// Without its `app:`: the tests start that program themselves.
    static func text(_ name: String) throws -> String {
        let root = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        let path = "/\(root)/Workflows/\(name)"
        guard let text = TextFile.read(path) else { throw TestFault("\(path) cannot be read") }
        return text.split(separator: "\n", omittingEmptySubsequences: false).filter { !$0.hasPrefix("app:") }.joined(separator: "\n")
    }
}
