internal import Glibc
package import Ownership
package import RayflowCore

/// What one process knows of objects, as it tells the inspector: those that were asked for, and the sums of all that it owns.
package struct HoldingsView {
    package var process: Address
    /// What puts outside of tasks are counted in.
    package var root: TaskID
    package var known: ProcessHoldings

    package init(process: Address, root: TaskID, known: ProcessHoldings) {
        self.process = process
        self.root = root
        self.known = known
    }

    package var members: JSONObject {
        [
            "process": .string("\(process)"), "pid": .int(Int(getpid())), "root": .string("\(root)"),
            "objects": .array(known.holdings.map { .object(Self.member($0)) }),
            "makers": .object(JSONObject(known.makers.map { ("\($0.key)", .string($0.value)) })),
            "small-objects": .int(known.smallObjects), "small-bytes": .int(known.smallBytes), "large-objects": .int(known.largeObjects),
            "large-bytes": .int(known.largeBytes), "pending": .int(known.pendingObjects), "failed": .int(known.failedObjects),
            "borrowed": .int(known.borrowedObjects),
        ]
    }

    private static func member(_ holding: ObjectHolding) -> JSONObject {
        [
            "object": .string("\(holding.object)"), "owner": .string("\(holding.owner)"), "local": .int(holding.localRefs),
            "tasks": .int(holding.taskRefs), "captured": .int(holding.captures), "borrowers": .int(holding.borrowerCount),
            "under-way": .int(holding.underWay), "waiting": .int(holding.waiters),
            "borrowed-by": .array(holding.borrowers.map { .string("\($0)") }),
            "captured-in": .array(holding.capturedIn.map { .string("\($0)") }),
            "needed-by": .object(JSONObject(holding.tasks.sorted { $0.key < $1.key }.map { ($0.key, .int($0.value)) })),
        ]
    }
}
