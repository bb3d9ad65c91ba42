import CLinux
import Glibc
import Raylet
import Rayflow
import RayflowCore

@testable import Workflow

/// An engine of threads: steps are real processes without a runner, functions are closures over JSON.
final class ScriptedPort: StepPort, @unchecked Sendable {
    private let queue = SerialQueue(name: "scripted-port")
    private let functions: [String: @Sendable ([String: JSON]) throws -> [(String, JSON)]]
    private var objects: [ObjectID: Result<JSON, ErrorRecord>] = [:]
    private var processes: [ObjectID: pid_t] = [:]
    private var next: UInt64 = 1
    private let lock = SerialQueue(name: "scripted-lock")
    private(set) var records: [(position: String, json: JSON)] = []
    private(set) var released = 0
    private(set) var made = 0
    /// Bytes of what was put, as JSON.
    private(set) var puts: [Int] = []

    init(functions: [String: @Sendable ([String: JSON]) throws -> [(String, JSON)]] = [:]) { self.functions = functions }

    private func locked<T: Sendable>(_ body: @escaping @Sendable () -> T) -> T { lock.ask(body)! }

    private func newID() -> ObjectID {
        locked { [self] in
            next += 1
            return ObjectID(task: TaskID(unique: next, actor: .none(in: JobID(1))), index: 1)
        }
    }

    // MARK: Processes

    func runStep(
        name: String, key: String, start: StepStart, resources: ResourceSet, pathLength: UInt32, fingerprint: [UInt8],
        completion: @escaping @Sendable (Result<StepExit, ErrorRecord>) -> Void
    ) -> StepHandle {
        let id = newID()
        guard let pid = Self.spawn(start) else {
            completion(.failure(ErrorRecord(.system, "command not found: \(start.arguments[0])")))
            return StepHandle(id: id)
        }
        locked { [self] in processes[id] = pid }
        let waiter = SerialQueue(name: "scripted-wait")
        waiter.run { [self] in
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
            locked { [self] in processes[id] = nil }
            let signal = rf_wait_signal(status)
            let exit =
                signal == 0
                ? StepExit.made(.exited(rf_wait_status(status))) : .made(.signalled(signal), signal == SIGTERM ? .cancelled : .own)
            completion(.success(exit))
            waiter.close()
        }
        return StepHandle(id: id)
    }

    private static func spawn(_ start: StepStart) -> pid_t? {
        for path in [start.outputPath, start.errorPath] {
            let folder = String(path[..<path.lastIndex(of: "/")!])
            var built = ""
            for part in folder.split(separator: "/") {
                built += "/" + part
                mkdir(built, 0o755)
            }
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var input = "/dev/null"
        if case .file(let path) = start.input { input = path }
        if case .bytes(let bytes) = start.input {
            input = start.attemptFolder + "/test-stdin"
            let file = open(input, O_CREAT | O_WRONLY, 0o644)
            _ = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            close(file)
        }
        posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, start.outputPath, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_addopen(&actions, 2, start.errorPath, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        _ = rf_spawn_chdir(&actions, start.workdir)
        // Swift's threads block signals, and a child would inherit that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let arguments: [UnsafeMutablePointer<CChar>?] = start.arguments.map { strdup($0) } + [nil]
        let environment: [UnsafeMutablePointer<CChar>?] = start.environment.map { strdup("\($0.name)=\($0.value)") } + [nil]
        defer { for text in arguments + environment { free(text) } }
        var pid: pid_t = 0
        return posix_spawnp(&pid, start.arguments[0], &actions, &attributes, arguments, environment) == 0 ? pid : nil
    }

    func cancel(_ step: StepHandle) {
        locked { [self] in if let pid = processes[step.id] { kill(pid, SIGTERM) } }
    }

    // MARK: Calls

    func call(
        _ function: String, with: [(String, NamedValue)], environment: [String: String], resources: ResourceSet, pathLength: UInt32,
        retries: Int,
        timeout: Duration?, key: String, fingerprint: [UInt8]
    ) throws(RayflowError) -> [(name: String, id: ObjectID)] {
        guard let body = functions[function] else { throw RayflowError(.notRegistered, "no function \(function)") }
        let arguments = Dictionary(uniqueKeysWithValues: with.map { ($0.0, self.json($0.1)) })
        let results: [(String, Result<JSON, ErrorRecord>)]
        do { results = try body(arguments).map { ($0.0, .success($0.1)) } } catch {
            results = [("result", .failure(ErrorRecord(.taskFailed, "\(error)")))]
        }
        return results.map { name, value in
            let id = newID()
            locked { [self] in
                objects[id] = value
                made += 1
            }
            return (name, id)
        }
    }

    private func json(_ value: NamedValue) -> JSON {
        switch value {
        case .json(let json): json
        case .ref(let id): locked { [self] in (try? objects[id]?.get()) ?? .null }
        case .list(let values): .array(values.map(json))
        }
    }

    func createActor(
        _ typeName: String, with: [(String, NamedValue)], resources: ResourceSet, maxRestarts: Int, maxTaskRetries: Int,
        maxConcurrency: Int, key: String
    ) throws(RayflowError) -> ActorID {
        guard typeName == "Counter" else { throw RayflowError(.notRegistered, "no actor \(typeName)") }
        return ActorID(unique: 1, salt: 0, job: JobID(1))
    }

    func callActor(
        _ actor: ActorID, typeName: String, method: String, with: [(String, NamedValue)], key: String, fingerprint: [UInt8]
    ) throws(RayflowError) -> [(name: String, id: ObjectID)] {
        try call(
            method, with: with, environment: [:], resources: ResourceSet(), pathLength: 0, retries: 0, timeout: nil, key: key,
            fingerprint: fingerprint)
    }

    func whenReady(_ ids: [ObjectID], _ body: @escaping @Sendable ([ErrorRecord?]) -> Void) {
        queue.run { [self] in
            body(
                ids.map { id in
                    if case .failure(let error)? = self.locked({ [self] in objects[id] }) { error } else { nil }
                })
        }
    }

    func put(_ value: JSON) throws(RayflowError) -> ObjectID {
        let id = newID()
        locked { [self] in
            objects[id] = .success(value)
            made += 1
            puts.append(value.compact.utf8.count)
        }
        return id
    }

    func json(of ids: [ObjectID], _ body: @escaping @Sendable ([Result<JSON, ErrorRecord>]) -> Void) {
        queue.run { [self] in body(ids.map { id in self.locked { [self] in objects[id] ?? .success(.null) } }) }
    }

    func lineage(of id: ObjectID) -> LineageID { LineageID(high: id.task.unique, low: 1) }
    func release(_ id: ObjectID) { locked { [self] in released += 1 } }
    func cancel(_ id: ObjectID) {}
    func record(position: String, json: String) {
        locked { [self] in records.append((position, (try? JSON.parse(json)) ?? .null)) }
    }
    func functionSignatures() -> [FunctionDescription] { [] }
}
