package import RayflowCore

/// The executing side of one actor, without IO: takes calls in the order of each caller and concurrency group, runs up to the group's limit
/// at a time, lets two attempts of one call never run at once, and leaves when it is told to or asks for it.
package struct ActorInstance: Sendable {
    package enum Directive: Sendable {
        case start(PushTask, from: Address)
        case reply(PushTask, to: Address, TaskOutcome)
        case send(Message, to: Address)
        /// Report ``ActorInstance/exitExpired(into:)`` after that long.
        case startExitTimer(afterNS: UInt64)
        /// All callers know: the process may go, and the GCS is told so. Comes again when that was lost.
        case leave(ErrorRecord)
        /// A call that was halted has its place again.
        case goOn(TaskID)
        /// A running call waits for this call of its own actor, and it has turned out that the wait could never end.
        case deadlock(TaskID, waitingFor: TaskID)
    }

    /// A process may know the actor by several ids (an alias, an id of an earlier epoch), and come back after its connection broke: each has an
    /// order of its own.
    struct Line: Hashable {
        var caller: Caller
        var group: String
        var connection: UInt64

        // Found for every call. Groups differ seldom, and equality tells them apart.
        func _rawHashValue(seed: Int) -> Int { caller.address._rawHashValue(seed: seed) ^ Int(truncatingIfNeeded: caller.actor.unique) }
    }
    struct Caller: Hashable {
        var address: Address
        var actor: ActorID
    }
    struct Order {
        var next: UInt64 = 0
        var early: [UInt64: PushTask] = [:]
        /// Places of cancelled calls that were early.
        var cancelled: Set<UInt64> = []

        enum Arrival { case known, early, next }

        /// What a call with this number is; it takes its place when it is the next one.
        mutating func arrive(_ sequence: UInt64) -> Arrival {
            guard sequence >= next else { return .known }
            guard sequence == next else { return .early }
            next += 1
            return .next
        }

        /// An early call whose turn it is by now.
        mutating func takeFollower() -> PushTask? {
            if early.isEmpty, cancelled.isEmpty { return nil }
            while true {
                let push = early.removeValue(forKey: next)
                if push == nil, cancelled.remove(next) == nil { return nil }
                next += 1
                if let push { return push }
            }
        }
    }
    struct Call {
        var push: PushTask
        var from: Address
    }
    struct Group {
        var limit: Int
        /// In the order of their start; cancelled ones are skipped by the reader.
        var ready = TaskQueue()
        var running: Set<TaskID> = []
        /// Running calls that wait for calls of the same group.
        var stuck: Set<TaskID> = []
        /// Running calls that have not begun: they wait for arguments that are made again.
        var halted: Set<TaskID> = []
        /// Halted calls that have their arguments and no place yet, in order.
        var complete: [TaskID] = []
        /// Places that are taken.
        var busy: Int { running.count - halted.count }
        /// There is a place, but a halted call is before those that are ready.
        var hasPlaceBesideHalted: Bool { running.count >= limit && busy < limit }

        mutating func popReady() -> TaskID? { running.count < limit ? ready.popFirst() : nil }
    }
    enum Phase {
        case building, open
        /// Runs what it has, then leaves.
        case draining(ErrorRecord)
        /// Running calls end; nothing is started any more.
        case exiting(ErrorRecord)
        /// The callers have been told, these have not answered.
        case parting(ErrorRecord, Set<Caller>)
        case gone(ErrorRecord)
    }

    var phase = Phase.building
    var groups: [String: Group]
    /// In the order in which they were first heard of.
    var callers: [Caller] = []
    private(set) var lines: [Line: Order] = [:]
    /// Ready, not started.
    var queued: [TaskID: Call] = [:]
    private var running: [TaskID: Attempt] = [:]
    /// Newer attempts of running calls.
    private var held: [TaskID: Call] = [:]
    /// Calls of this actor that running ones wait for and of which nothing is known here: they have ended, or are still to come.
    var awaited: [TaskID: Set<TaskID>] = [:]
    /// Calls that have ended and whose answer is not sent.
    var unanswered = 0
    /// The last word may not have reached the GCS: the exit timer says it again.
    var isUnheard = false
    /// Calls that earlier epochs or incarnations have finished: answered, never run again.
    private var logged: [LineageID: TaskOutcome]

    /// - Parameters:
    ///   - limit: calls of no group that run at a time.
    ///   - logged: outcomes of finished calls, in a durable run.
    package init(limit: Int, groups: [CallGroup] = [], logged: [LineageID: TaskOutcome] = [:]) {
        self.groups = ["": Group(limit: max(1, limit))]
        for group in groups { self.groups[group.name] = Group(limit: max(1, Int(group.limit))) }
        self.logged = logged
    }

    /// All calls that may run at a time.
    package var concurrency: Int { groups.values.reduce(0) { $0 + $1.limit } }
    package func isRunning(_ task: TaskID) -> Bool { running[task] != nil }
    package func isRunning(_ task: TaskID, _ attempt: Attempt) -> Bool { running[task] == attempt }

    /// The constructor and the logged calls have run.
    package mutating func built(into out: inout [Directive]) {
        if case .building = phase { phase = .open }
        serve(into: &out)
    }

    package mutating func push(_ m: PushTask, from: Address, into out: inout [Directive]) {
        switch phase {
        case .building, .open, .draining: break
        case .exiting(let error), .parting(let error, _), .gone(let error):
            return out.append(.reply(m, to: from, .failed(error, isApplicationError: true)))
        }
        let caller = Caller(address: from, actor: m.spec.id.actor), group = m.spec.group
        guard groups[group] != nil else {
            let names = groups.keys.filter { !$0.isEmpty }.sorted().joined(separator: ", ")
            let error = ErrorRecord(
                .invalidArgument, "the actor has no concurrency group \"\(group)\"; it was made with: \(names.isEmpty ? "none" : names)")
            // Its place in the order of the unknown group is of no interest to anybody.
            return out.append(.reply(m, to: from, .failed(error, isApplicationError: true)))
        }
        guard m.spec.sequence != TaskSpec.unordered else {
            if !callers.contains(caller) { callers.append(caller) }
            arrived(m, into: &out)
            place(m, from: from, into: &out)
            return serveAndLeave(group, into: &out)
        }
        let line = Line(caller: caller, group: group, connection: m.lease.owner)
        if lines[line] == nil { meet(line) }
        switch lines[line]?.arrive(m.spec.sequence) {
        case nil, .known?: return  // the same push again
        case .early?:
            arrived(m, into: &out)
            lines[line]?.early[m.spec.sequence] = m
        case .next?:
            arrived(m, into: &out)
            place(m, from: from, into: &out)
            while let push = lines[line]?.takeFollower() { place(push, from: from, into: &out) }
            serveAndLeave(group, into: &out)
        }
    }

    private mutating func meet(_ line: Line) {
        if !callers.contains(line.caller) { callers.append(line.caller) }
        // What an older connection has not delivered comes again on this one.
        for old in lines.keys where old.caller == line.caller && old.group == line.group && old.connection < line.connection {
            lines[old] = nil
        }
        lines[line] = Order()
    }

    private mutating func place(_ m: PushTask, from: Address, into out: inout [Directive]) {
        let id = m.spec.id, call = Call(push: m, from: from)
        if let attempt = running[id] {
            if attempt > m.spec.attempt { return out.append(.reply(m, to: from, .stale)) }
            if attempt < m.spec.attempt, held[id].map({ $0.push.spec.attempt < m.spec.attempt }) ?? true { held[id] = call }
            return
        }
        if let known = queued[id] {
            if known.push.spec.attempt < m.spec.attempt { queued[id] = call }
            return
        }
        queued[id] = call
        groups[m.spec.group]?.ready.append(id)
    }

    mutating func serve(into out: inout [Directive]) {
        for name in Array(groups.keys) { serve(name, into: &out) }
        leaveWhenDone(into: &out)
    }

    /// What has changed concerns one group.
    private mutating func serveAndLeave(_ group: String, into out: inout [Directive]) {
        serve(group, into: &out)
        leaveWhenDone(into: &out)
    }

    private mutating func serve(_ name: String, into out: inout [Directive]) {
        if groups[name]?.complete.isEmpty == false { goOn(into: &out) }
        switch phase {
        case .building, .exiting, .parting, .gone: return
        case .open, .draining: break
        }
        while true {
            var next = groups[name]?.popReady()
            // A halted call is before those behind it, and holds up none of those that it may wait for.
            if next == nil, groups[name]?.hasPlaceBesideHalted == true { next = nextBesideHalted(name) }
            guard let id = next else { return }
            guard let call = queued.removeValue(forKey: id) else { continue }
            if !call.push.spec.lineage.isNone, let outcome = logged[call.push.spec.lineage] {
                out.append(.reply(call.push, to: call.from, outcome))
                continue
            }
            groups[name]?.running.insert(id)
            running[id] = call.push.spec.attempt
            out.append(.start(call.push, from: call.from))
        }
    }

    /// A call has ended; its answer is announced by ``answered(into:)``.
    ///
    /// - Parameter outcome: what is on record for it; nil where nothing is.
    package mutating func finished(_ m: PushTask, outcome: TaskOutcome?, into out: inout [Directive]) {
        let id = m.spec.id
        guard running.removeValue(forKey: id) != nil else { return }
        groups[m.spec.group]?.running.remove(id)
        groups[m.spec.group]?.stuck.remove(id)
        if groups[m.spec.group]?.halted.remove(id) != nil { groups[m.spec.group]?.complete.removeAll { $0 == id } }
        if !awaited.isEmpty { for call in awaited.keys { awaited[call]?.remove(id) } }
        unanswered += 1
        if let outcome { logged[m.spec.lineage] = outcome }
        if !held.isEmpty, let again = held.removeValue(forKey: id) { place(again.push, from: again.from, into: &out) }
        serveAndLeave(m.spec.group, into: &out)
    }

    /// The answer of a call that has ended is sent.
    package mutating func answered(into out: inout [Directive]) {
        unanswered -= 1
        leaveWhenDone(into: &out)
    }

    /// A call that has not started never will.
    package mutating func cancel(_ task: TaskID, into out: inout [Directive]) {
        if let call = queued.removeValue(forKey: task) ?? held.removeValue(forKey: task) {
            out.append(.reply(call.push, to: call.from, .cancelled))
        }
        for line in lines.keys {
            // It keeps its place in the order, for those behind it.
            guard let (sequence, push) = lines[line]?.early.first(where: { $0.value.spec.id == task }) else { continue }
            out.append(.reply(push, to: line.caller.address, .cancelled))
            lines[line]?.early[sequence] = nil
            lines[line]?.cancelled.insert(sequence)
        }
        leaveWhenDone(into: &out)
    }

    /// A caller's process is gone, or its connection: nobody waits for what it has asked.
    package mutating func callerGone(_ address: Address, into out: inout [Directive]) {
        if address.isGCS { return gcsLost(into: &out) }
        callers.removeAll { $0.address == address }
        for line in lines.keys where line.caller.address == address { lines[line] = nil }
        for (id, call) in queued where call.from == address { queued[id] = nil }
        for (id, call) in held where call.from == address { held[id] = nil }
        if case .parting(let error, let missing) = phase { phase = .parting(error, missing.filter { $0.address != address }) }
        leaveWhenDone(into: &out)
    }

    var isIdle: Bool { running.isEmpty && unanswered == 0 }
    var hasEarly: Bool { lines.values.contains { !$0.early.isEmpty } }
}
