package import RayflowCore
import Synchronization

/// What submissions, puts and decisions are counted in: the running task, or the driver.
///
/// Ordinals count equal submissions only, so that the order of different work does not matter for its lineage.
package final class SubmissionScope: Sendable {
    private struct Counts {
        var ordinals: [Digest128: UInt32] = [:]
        var puts: UInt32 = 0
        var children: [ObjectID] = []
    }
    package let lineage: LineageID
    package let task: TaskID
    /// Whose calls to one actor keep their order among each other: those of the driver, of a task, or of an actor that runs one call at a time.
    package let caller: UInt64
    /// Puts of different attempts are different objects.
    private let firstPut: UInt32
    /// Every task has one, and hardly any two threads meet here: a lock that needs no memory of its own.
    private let counts = Mutex(Counts())

    package init(lineage: LineageID, task: TaskID, attempt: UInt32 = 1, caller: UInt64? = nil) {
        firstPut = ObjectID.firstPut | ((attempt &- 1) & 0x7F) << 24
        self.lineage = lineage
        self.task = task
        self.caller = caller ?? task.unique
    }

    package func nextPut() -> ObjectID {
        counts.withLock { counts in
            defer { counts.puts += 1 }
            return ObjectID(task: task, index: firstPut &+ counts.puts | ObjectID.firstPut)
        }
    }

    /// A submission of this task, by its first result.
    package func note(_ child: ObjectID) { counts.withLock { $0.children.append(child) } }

    /// The submissions so far.
    package var submissions: [ObjectID] { counts.withLock { $0.children } }

    /// How many equal ones came before.
    package func ordinal(of digest: Digest128) -> UInt32 {
        counts.withLock { counts in
            defer { counts.ordinals[digest, default: 0] += 1 }
            return counts.ordinals[digest, default: 0]
        }
    }

    /// Of a submission: by key if there is one, else by content and the number of equal ones before it.
    package func lineage(of name: String, key: String?, content: (inout Digest128Hasher) -> Void) -> LineageID {
        var hasher = Digest128Hasher()
        hasher.update(lineage)
        hasher.update(name)
        if let key {
            hasher.update(1)
            hasher.update(key)
        } else {
            hasher.update(0)
            content(&hasher)
            hasher.update(UInt64(ordinal(of: hasher.digest)))
        }
        let digest = hasher.digest
        return LineageID(high: digest.high, low: digest.low)
    }
}
