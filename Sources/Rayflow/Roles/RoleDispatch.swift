internal import Glibc
import Raylet

/// One executable, several roles: a role process takes its role here and never returns.
///
/// The role comes in an environment variable that is bound to the parent's pid and removed on reading, so that what a worker starts does
/// not become a worker. A process whose parent is gone already has nobody to play its role for, and ends: it must not become a second driver.
package enum RoleDispatch {
    static let stepRunnerVariable = "RAYFLOW_STEP_RUNNER"

    package static func takeRoleIfAsked(_ registry: @autoclosure () -> Registry) {
        if let text = take(stepRunnerVariable) {
            guard Int32(text) == getppid() else { exit(0) }
            StepRunner.main(socket: StepRunnerLauncher.descriptor)
        }
        if let text = take(WorkerLaunch.variable) {
            guard let launch = WorkerLaunch(text: text), launch.parent == getppid() else { exit(0) }
            WorkerMain.run(launch, registry: registry())
        }
    }

    private static func take(_ variable: String) -> String? {
        guard let value = getenv(variable) else { return nil }
        defer { unsetenv(variable) }
        return String(cString: value)
    }
}
