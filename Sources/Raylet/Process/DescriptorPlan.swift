internal import CLinux
internal import Glibc

/// Turns the descriptors of a request into file actions whose order is safe: no source is overwritten before it is read.
struct DescriptorPlan {
    private var moves: [SpawnRequest.Inherited] = []
    private var temporary: [Int32] = []
    private let highest: Int32
    /// The program's descriptor in the child, or -1. It closes itself at exec.
    private(set) var image: Int32 = -1

    init(_ request: SpawnRequest) throws(SpawnFailure) {
        var targets: Set<Int32> = []
        for inherited in request.descriptors {
            guard inherited.target >= 0, inherited.descriptor >= 0, targets.insert(inherited.target).inserted else {
                throw SpawnFailure(.invalidRequest, "descriptor \(inherited.descriptor) as \(inherited.target): negative, or given twice")
            }
        }
        highest = max(targets.max() ?? -1, 2)
        do {
            for inherited in request.descriptors {
                let isSafe = inherited.descriptor > highest || inherited.descriptor == inherited.target
                moves.append(isSafe ? inherited : .init(try above(inherited.descriptor), as: inherited.target))
            }
            if case .image(let program) = request.program {
                image = program.descriptor > highest ? program.descriptor : try above(program.descriptor)
            }
        } catch {
            release()
            throw error
        }
    }

    func write(to actions: inout posix_spawn_file_actions_t) {
        for move in moves { posix_spawn_file_actions_adddup2(&actions, move.descriptor, move.target) }
        let kept = Set(moves.map(\.target))
        // Closing a number that is not open is no error here.
        for number in 0...max(highest, image) where !kept.contains(number) && number != image {
            posix_spawn_file_actions_addclose(&actions, number)
        }
        _ = rf_spawn_closefrom(&actions, max(highest, image) + 1)
    }

    mutating func release() {
        for descriptor in temporary { close(descriptor) }
        temporary = []
    }

    private mutating func above(_ descriptor: Int32) throws(SpawnFailure) -> Int32 {
        let copy = rf_fcntl_int(descriptor, F_DUPFD_CLOEXEC, highest + 1)
        guard copy >= 0 else {
            throw SpawnFailure(
                errno == EBADF ? .invalidRequest : .outOfResources, errno: errno,
                "cannot pass descriptor \(descriptor): \(errnoText(errno))")
        }
        temporary.append(copy)
        return copy
    }
}
