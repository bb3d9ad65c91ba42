internal import CLinux
internal import Glibc

/// Starts processes with `posix_spawn`: a live Swift process cannot be forked.
///
/// The child has default signal handlers, an empty signal mask, exactly the environment and the descriptors of its request. It is called
/// only from a thread that lives as long as its process (see ``ParentGuard``); each child is waited for by its starter.
package enum ProcessSpawner {
    /// The pid of the new child.
    ///
    /// - Throws: ``SpawnFailure``, told apart by reason. Then nothing was started.
    package static func start(_ request: SpawnRequest) throws(SpawnFailure) -> Int32 {
        guard !request.arguments.isEmpty else { throw SpawnFailure(.invalidRequest, "a process needs at least one argument: its name") }
        var arguments = CStringList(request.arguments)
        var environment = CStringList(request.environment)
        if arguments.hasEmbeddedNUL { throw SpawnFailure(.invalidRequest, "an argument contains a NUL byte") }
        if environment.hasEmbeddedNUL { throw SpawnFailure(.invalidRequest, "an environment variable contains a NUL byte") }

        var plan = try DescriptorPlan(request)
        defer { plan.release() }
        let file: String
        switch request.program {
        case .command(let command):
            let path = request.environment.last { $0.name == "PATH" }?.value
            file = try CommandResolver.resolve(command, path: path, workdir: request.workdir)
        case .image:
            file = "/proc/self/fd/\(plan.image)"
        }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        prepare(&attributes, request.grouping)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        plan.write(to: &actions)
        if let workdir = request.workdir { _ = rf_spawn_chdir(&actions, workdir) }

        var pid: pid_t = 0
        let failure = arguments.withPointers { argv in
            environment.withPointers { envp in posix_spawn(&pid, file, &actions, &attributes, argv, envp) }
        }
        guard failure == 0 else { throw CommandResolver.explain(failure, file: file, workdir: request.workdir) }
        return pid
    }

    /// The new child with its pidfd, for an event loop.
    package static func spawn(_ request: SpawnRequest) throws(SpawnFailure) -> SpawnedProcess {
        let pid = try start(request)
        let pidfd = rf_pidfd_open(pid)
        guard pidfd >= 0 else {
            // Nobody could wait for this child: better none than one out of sight.
            let number = errno
            kill(pid, SIGKILL)
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
            throw SpawnFailure(.outOfResources, errno: number, "cannot watch the new process: \(errnoText(number))")
        }
        return SpawnedProcess(pid: pid, pidfd: pidfd)
    }

    private static func prepare(_ attributes: inout posix_spawnattr_t, _ grouping: SpawnRequest.Grouping) {
        var flags = Int16(POSIX_SPAWN_SETSIGDEF) | Int16(POSIX_SPAWN_SETSIGMASK)
        switch grouping {
        case .ownGroup: flags |= Int16(POSIX_SPAWN_SETPGROUP)
        case .ownSession: flags |= rf_spawn_flag_setsid()
        case .parentsGroup: break
        }
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, flags)
    }
}
