package import Raylet
internal import Glibc

extension StepFailure {
    /// What a process's end says; nil when it ended well.
    package init?(_ exit: StepExit, timeout: Duration? = nil, log: String? = nil) {
        switch exit.reason {
        case .timeout: self.init(.timeout, "not done within \(timeout.map(DurationForm.text) ?? "its timeout")", log: log)
        case .cancelled: self.init(.cancelled, "cancelled", log: log)
        case .engineLost: self.init(.lostNode, "ended because the engine went away", log: log)
        case .own:
            switch exit.outcome {
            case .exited(0): return nil
            case .exited(let code): self.init(.failure, "exit code \(code)\(Self.advice(code))", exitCode: Int(code), log: log)
            case .signalled(let signal):
                self.init(.failure, "ended by signal \(signal) (\(Self.name(signal)))", signal: Int(signal), log: log)
            }
        }
    }

    /// What shells mean by the codes that they make up themselves.
    private static func advice(_ code: Int32) -> String {
        switch code {
        case 126: " (a command cannot be executed)"
        case 127: " (a command was not found)"
        default: ""
        }
    }

    private static func name(_ signal: Int32) -> String {
        switch signal {
        case SIGHUP: "SIGHUP"
        case SIGINT: "SIGINT"
        case SIGQUIT: "SIGQUIT"
        case SIGILL: "SIGILL"
        case SIGABRT: "SIGABRT"
        case SIGBUS: "SIGBUS"
        case SIGFPE: "SIGFPE"
        case SIGKILL: "SIGKILL"
        case SIGSEGV: "SIGSEGV"
        case SIGPIPE: "SIGPIPE"
        case SIGALRM: "SIGALRM"
        case SIGTERM: "SIGTERM"
        default: String(cString: strsignal(signal))
        }
    }
}
