import RayflowCLI

/// `rayflow` itself: the command line without functions of its own.
struct RayflowProgram: WorkflowApp {
    static let remotes = Registry()
}

RayflowProgram.main()
