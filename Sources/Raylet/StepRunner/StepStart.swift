package import RayflowCore

/// The order to start one attempt of a shell step.
///
/// The environment is complete, with the engine's own variables removed; the runner adds `RAYFLOW_STEP`.
package struct StepStart: Sendable, Hashable {
    /// The engine's name for this attempt on this runner: unique while the step lives.
    package var key: UInt64
    package var attempt: Attempt
    package var arguments: [String]
    package var environment: [EnvironmentVariable]
    package var workdir: String
    package var input: StepInput = .none
    /// Log files, appended to; both may be the same file. Missing folders are made.
    package var outputPath: String
    package var errorPath: String
    /// `attempts/<position>/<n>` of the run: the exit file is written there. Made if missing.
    package var attemptFolder: String
    /// Value of `RAYFLOW_STEP`, unique among all attempts of all runs: how survivors are recognised.
    package var token: String
    /// From the start of the process; nil means no limit.
    package var timeoutMilliseconds: UInt64?
    /// Between SIGTERM and SIGKILL.
    package var graceMilliseconds: UInt64
    /// The run's fence file, made if missing: locked, shared, while a process of the run lives.
    package var fencePath: String

    package init(
        key: UInt64, attempt: Attempt, arguments: [String], environment: [EnvironmentVariable], workdir: String, input: StepInput = .none,
        outputPath: String, errorPath: String, attemptFolder: String, token: String, timeoutMilliseconds: UInt64? = nil,
        graceMilliseconds: UInt64, fencePath: String
    ) {
        self.key = key
        self.attempt = attempt
        self.arguments = arguments
        self.environment = environment
        self.workdir = workdir
        self.input = input
        self.outputPath = outputPath
        self.errorPath = errorPath
        self.attemptFolder = attemptFolder
        self.token = token
        self.timeoutMilliseconds = timeoutMilliseconds
        self.graceMilliseconds = graceMilliseconds
        self.fencePath = fencePath
    }

    func encode(into writer: inout ByteWriter) {
        writer.u64(key)
        writer.attempt(attempt)
        writer.list(arguments) { $0.string($1) }
        writer.list(environment) {
            $0.string($1.name)
            $0.string($1.value)
        }
        writer.string(workdir)
        input.encode(into: &writer)
        writer.string(outputPath)
        writer.string(errorPath)
        writer.string(attemptFolder)
        writer.string(token)
        writer.optional(timeoutMilliseconds) { $0.u64($1) }
        writer.u64(graceMilliseconds)
        writer.string(fencePath)
    }

    init(from reader: inout ByteReader) throws(DecodingFault) {
        key = try reader.u64()
        attempt = try reader.attempt()
        arguments = try reader.list(unit: 4) { r throws(DecodingFault) in try r.string() }
        environment = try reader.list(unit: 8) { r throws(DecodingFault) in EnvironmentVariable(try r.string(), try r.string()) }
        workdir = try reader.string()
        input = try StepInput(from: &reader)
        outputPath = try reader.string()
        errorPath = try reader.string()
        attemptFolder = try reader.string()
        token = try reader.string()
        timeoutMilliseconds = try reader.optional { r throws(DecodingFault) in try r.u64() }
        graceMilliseconds = try reader.u64()
        fencePath = try reader.string()
    }
}
