import Glibc

/// Whom a test kills.
enum Victims: String {
    case engine = "the engine"
    case engineAndRunner = "the engine and its step runner"

    /// `kill -9`; nobody gets to say anything.
    func kill(_ program: RunningProgram) {
        let runners = self == .engine ? [] : ProcessList.children(of: program.pid).filter { $0.name == "rayflow-steps" }
        program.kill(SIGKILL)
        for runner in runners { Glibc.kill(runner.pid, SIGKILL) }
    }
}
