import Raylet

// The step runner as a process of its own, for tests: its socket is where the launcher puts it.
StepRunner.main(socket: StepRunnerLauncher.descriptor)
