/// Where bodies run.
public struct WorkerMode: Sendable, Hashable {
    package enum Rule: Sendable, Hashable {
        case processes
        case inProcess
        case executable(String)
    }
    package let rule: Rule

    /// In worker processes of this same program: the default.
    public static let processes = Self(rule: .processes)
    /// In this process, for programs that cannot start themselves anew, such as test runners. A crash of a body is a crash of the program.
    public static let inProcess = Self(rule: .inProcess)
    /// In worker processes of another program, which registers the same functions.
    public static func executable(_ path: String) -> Self { Self(rule: .executable(path)) }
}
