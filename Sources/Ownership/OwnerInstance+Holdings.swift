package import RayflowCore

/// What keeps one object, as far as one process knows.
package struct ObjectHolding: Hashable, Sendable {
    package var object: ObjectID
    /// Another process for what is only borrowed here.
    package var owner: Address
    /// Refs that the program of this process has.
    package var localRefs: Int
    /// Arguments of tasks that have not ended, and of actors that may be started again.
    package var taskRefs: Int
    /// Finished objects of this process whose value has a ref to it.
    package var captures: Int
    /// Messages with a ref to it whose receiver has not said yet that it keeps it.
    package var underWay: Int
    /// Questions of other processes that wait for it.
    package var waiters: Int
    /// Processes that have their refs from this one, at most ``Limits/namedHolders``.
    package var borrowers: [Address] = []
    package var borrowerCount = 0
    /// Some of the objects whose value has a ref to it.
    package var capturedIn: [ObjectID] = []
    /// Tasks that need it, by name: how many.
    package var tasks: [String: Int] = [:]
}

/// Objects of one process, as `rayflow memory` tells of them.
package struct ProcessHoldings: Hashable, Sendable {
    /// Of the objects that were asked for and are known here, in the order of the question.
    package var holdings: [ObjectHolding] = []
    /// Names of the tasks that are known here and made such objects.
    package var makers: [TaskID: String] = [:]
    /// Owned values that are kept in the table itself, and their bytes.
    package var smallObjects = 0
    package var smallBytes = 0
    /// Owned values in object stores.
    package var largeObjects = 0
    package var largeBytes = 0
    package var pendingObjects = 0
    package var failedObjects = 0
    /// Owned by others.
    package var borrowedObjects = 0
}

extension OwnerInstance {
    /// Looks through all tables, so not on an event loop: on a copy of this value.
    package func holdings(of ids: [ObjectID]) -> ProcessHoldings {
        var answer = ProcessHoldings()
        var places: [ObjectID: Int] = [:]
        var needsTasks = false
        for id in ids where places[id] == nil {
            if let name = name(of: id.task) { answer.makers[id.task] = name }
            guard let entry = objects[id] else { continue }
            places[id] = answer.holdings.count
            var holding = ObjectHolding(id, entry)
            let borrowing = entry.isMarked ? borrowers.borrowers(of: id) : []
            holding.borrowerCount = borrowing.count
            holding.borrowers = Array(borrowing.prefix(Limits.namedHolders))
            answer.holdings.append(holding)
            needsTasks = needsTasks || entry.taskRefs > 0
        }
        for (id, entry) in objects {
            answer.count(id, entry, of: address)
            for (inner, _) in entry.state?.countedRefs ?? [] {
                guard let at = places[inner], answer.holdings[at].capturedIn.count < Limits.namedHolders,
                    !answer.holdings[at].capturedIn.contains(id)
                else { continue }
                answer.holdings[at].capturedIn.append(id)
            }
        }
        if needsTasks { nameTasks(in: &answer, places) }
        return answer
    }

    private func nameTasks(in answer: inout ProcessHoldings, _ places: [ObjectID: Int]) {
        func note(_ id: ObjectID, _ name: String) {
            guard let at = places[id] else { return }
            let isKnown = answer.holdings[at].tasks[name] != nil
            if isKnown || answer.holdings[at].tasks.count < Limits.namedHolders { answer.holdings[at].tasks[name, default: 0] += 1 }
        }
        for task in tasks.values {
            for id in task.dependencies + task.carried { note(id, task.spec.shownName) }
        }
        for line in actors.values {
            guard let name = line.constructor?.shownName else { continue }
            for id in line.arguments { note(id, name) }
        }
    }

    /// Of a task of this process that has not ended, or is kept to be run again.
    private func name(of task: TaskID) -> String? { (tasks[task]?.spec ?? lineage[task]?.spec)?.shownName }
}

extension ObjectHolding {
    init(_ id: ObjectID, _ entry: ObjectEntry) {
        object = id
        owner = entry.owner
        localRefs = Int(entry.localRefs)
        taskRefs = Int(entry.taskRefs)
        captures = Int(entry.containedIn)
        underWay = Int(entry.underWay)
        waiters = entry.remoteWaiters.count
    }
}

extension ProcessHoldings {
    fileprivate mutating func count(_ id: ObjectID, _ entry: ObjectEntry, of process: Address) {
        // Handles of actors are no values.
        guard id.handledActor == nil else { return }
        guard entry.owner == process else {
            borrowedObjects += 1
            return
        }
        switch entry.state {
        // One that is set aside has no value, and nobody waits for it.
        case nil: pendingObjects += entry.isSetAside ? 0 : 1
        case .failed?: failedObjects += 1
        case .inline(let enclosed)?:
            smallObjects += 1
            smallBytes += enclosed.payload.bytes.count
        case .stored(_, let size, _, _)?:
            largeObjects += 1
            largeBytes += Int(clamping: size)
        }
    }
}
