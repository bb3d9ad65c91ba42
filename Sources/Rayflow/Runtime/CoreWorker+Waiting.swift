import Ownership
package import RayflowCore
import Synchronization
import Transport

/// A continuation that several sides may want to resume: the first wins.
private final class Wakeup: Sendable {
    enum Reason { case ready, timeout, cancelled, deadlock }
    private struct State {
        var continuation: CheckedContinuation<Reason, Never>?
        var reason: Reason?
    }
    private let state = Mutex(State())

    func install(_ continuation: CheckedContinuation<Reason, Never>) {
        let early = state.withLock { state -> Reason? in
            if state.reason == nil { state.continuation = continuation }
            return state.reason
        }
        if let early { continuation.resume(returning: early) }
    }

    func wake(_ reason: Reason) {
        let waiting = state.withLock { state -> CheckedContinuation<Reason, Never>? in
            guard state.reason == nil else { return nil }
            state.reason = reason
            return state.continuation.take()
        }
        waiting?.resume(returning: reason)
    }
}

/// What became of a read.
private final class Answer: Sendable {
    let value = Mutex<Result<MappedObject, ReadFault>?>(nil)
}

/// Positions of objects that have come here.
private final class Arrivals: Sendable {
    private let positions = Mutex<Set<Int>>([])

    /// - Returns: how many there are with it.
    func add(_ position: Int) -> Int {
        positions.withLock { positions in
            positions.insert(position)
            return positions.count
        }
    }
    var all: Set<Int> { positions.withLock { $0 } }
}

extension CoreWorker {
    package func fetch(_ id: ObjectID, timeout: Duration?) async throws(CancellationError) -> Fetched {
        if let done = ready(id) { return done }
        let deadline = timeout.map { ContinuousClock.now + $0 }
        while true {
            let (state, recoveries) = readState(of: id)
            switch state {
            case .inline(let enclosed)?: return .payload(enclosed.payload)
            case .failed(let record)?: return .failed(record)
            case .stored(let nodes, let size, _, _)?:
                var lost: [NodeID] = [], why = ""
                if !nodes.isEmpty {
                    switch try await read(id, from: nodes, size: size, until: deadline) {
                    case .success(let mapped)?: return .mapped(mapped)
                    case .failure(let fault)? where fault.lost.isEmpty: return .failed(fault.error)
                    case .failure(let fault)?: (lost, why) = (fault.lost, fault.error.message)
                    case nil: return .failed(tooLate(id, timeout, "was ready, but not here"))
                    }
                }
                // Another copy, or the object made again, or the reason why not: each turn has fewer copies or attempts left.
                step { [lost, why] in $0.lose(id, on: lost, seen: recoveries, why: why, into: &$1) }
            case nil:
                guard knows(id) else {
                    return .failed(ErrorRecord(.objectLost, "object \(id) is not known here (any more)", reason: .refDeleted))
                }
                let wakeup = Wakeup()
                let own = timeout == nil ? await ownWait(for: id, stop: { wakeup.wake(.deadlock) }) : .none
                if case .deadlock = own { return .failed(deadlock) }
                defer { if case .begun(let wait) = own { executor?.endWait(wait) } }
                switch await waitFor([id], count: 1, timeout: deadline.map { $0 - .now }, wakeup) {
                case .ready: break
                case .deadlock: return .failed(deadlock)
                case .timeout: return .failed(tooLate(id, timeout, "was not ready"))
                case .cancelled: throw CancellationError()
                }
            }
        }
    }

    private func tooLate(_ id: ObjectID, _ timeout: Duration?, _ what: String) -> ErrorRecord {
        ErrorRecord(.getTimeout, "object \(id) \(what) after \(timeout.map { "\($0)" } ?? "")")
    }

    /// Opens a large object, which may have to come from another node or a colder tier first; its CPU is free meanwhile.
    /// - Returns: nil when that took too long. It need not come any more then.
    private func read(
        _ id: ObjectID, from nodes: [NodeID], size: UInt64, until deadline: ContinuousClock.Instant?
    ) async throws(CancellationError) -> Result<MappedObject, ReadFault>? {
        let wakeup = Wakeup(), answer = Answer()
        let request = objects.open(id, owner: origin(of: id).owner, nodes: nodes, size: size, through: self) { result in
            answer.value.withLock { $0 = result }
            wakeup.wake(.ready)
        }
        let reason = await sleep(until: wakeup, timeout: deadline.map { max($0 - .now, .zero) })
        if reason == .ready { return answer.value.withLock { $0.take() } }
        objects.giveUp(request, id, through: self)
        if reason == .cancelled { throw CancellationError() }
        return nil
    }

    /// Waits until an object is finished, whatever it becomes.
    package func settle(_ id: ObjectID) async throws(CancellationError) {
        guard knows(id), state(of: id) == nil else { return }
        if await waitFor([id], count: 1, timeout: nil) == .cancelled { throw CancellationError() }
    }

    /// Waits until `count` of the objects, none of which was ready, are; or, with `orFailed`, until one of them is a failure.
    private func waitFor(
        _ ids: [ObjectID], count: Int, timeout: Duration?, _ wakeup: Wakeup = Wakeup(), orFailed: Bool = false
    ) async -> Wakeup.Reason {
        let countdown = Countdown(count)
        let waiter = Waiter { [weak self] id in
            if countdown.isDown() { return wakeup.wake(.ready) }
            if orFailed, self?.hasFailed(id) == true { wakeup.wake(.ready) }
        }
        whenReady(ids, waiter)
        let reason = await sleep(until: wakeup, timeout: timeout)
        if count < ids.count || !countdown.isOver { forget(ids, waiter) }
        return reason
    }

    private func sleep(until wakeup: Wakeup, timeout: Duration?) async -> Wakeup.Reason {
        let timer = timeout.map { timeout in loop.scheduleTimer(after: timeout) { wakeup.wake(.timeout) } }
        let waiting = executor
        waiting?.beginWaiting()
        let reason = await withTaskCancellationHandler {
            await withCheckedContinuation { wakeup.install($0) }
        } onCancel: {
            wakeup.wake(.cancelled)
        }
        waiting?.endWaiting()
        if let timer { loop.execute { timer.cancel() } }
        return reason
    }

    package func settle(_ ids: [ObjectID]) async throws(CancellationError) -> ObjectID? {
        while true {
            let (failed, pending) = survey(ids)
            if failed != nil || pending.isEmpty { return failed }
            if await waitFor(pending, count: pending.count, timeout: nil, orFailed: true) == .cancelled { throw CancellationError() }
        }
    }

    package func wait(
        _ ids: [ObjectID], count: Int, timeout: Duration?, fetchLocal: Bool
    ) async throws(CancellationError) -> (ready: [Int], rest: [Int]) {
        let count = min(count, ids.count)
        let deadline = timeout.map { ContinuousClock.now + $0 }
        let question = decisionKey(.wait, refs: ids)
        if let question, let answer = log?.recorded(question), let positions = replayed(answer, ids) { return split(ids, positions) }
        // Live, or a recorded answer that names refs computed anew in this run: then the decision is taken anew as well.
        var positions = readyPositions(ids, count: count)
        if positions.count < count {
            let pending = unfinished(ids)
            let missing = count - (ids.count - pending.count)
            if missing > 0, await waitFor(pending, count: missing, timeout: timeout) == .cancelled { throw CancellationError() }
            positions = readyPositions(ids, count: count)
        }
        if fetchLocal { positions = try await bring(ids, count: count, until: deadline) }
        if let question {
            var answer = ByteWriter()
            answer.list(positions) { $0.lineage(self.lineage(of: ids[$1])) }
            log?.decide(question, answer: answer.bytes, from: self)
        }
        return split(ids, positions)
    }

    /// Brings large objects to this node, of all that are ready, until `count` are here.
    /// - Returns: the positions of those that are here now; of what cannot be brought as well, for that is for its reader to find out: it has the
    ///   object made again, or gets the reason.
    private func bring(
        _ ids: [ObjectID], count: Int, until deadline: ContinuousClock.Instant?
    ) async throws(CancellationError) -> [Int] {
        var here: [Int] = [], far: [(at: Int, nodes: [NodeID], size: UInt64)] = []
        for at in readyPositions(ids, count: ids.count) {
            if case .stored(let nodes, let size, _, _)? = state(of: ids[at]), !nodes.isEmpty, objects.opened(ids[at]) == nil {
                far.append((at, nodes, size))
            } else {
                here.append(at)
            }
        }
        let missing = min(count - here.count, far.count)
        guard missing > 0 else { return Array(here.prefix(count)) }
        let wakeup = Wakeup(), arrivals = Arrivals()
        for (at, nodes, size) in far {
            objects.open(ids[at], owner: origin(of: ids[at]).owner, nodes: nodes, size: size, kind: .wait, through: self) { _ in
                if arrivals.add(at) == missing { wakeup.wake(.ready) }
            }
        }
        if await sleep(until: wakeup, timeout: deadline.map { max($0 - .now, .zero) }) == .cancelled { throw CancellationError() }
        return Array((here + arrivals.all).sorted().prefix(count))
    }

    /// - Parameter ready: ascending.
    private func split(_ ids: [ObjectID], _ ready: [Int]) -> (ready: [Int], rest: [Int]) {
        let ready = ready.sorted()
        var rest: [Int] = []
        rest.reserveCapacity(ids.count - ready.count)
        var next = 0
        for at in ids.indices {
            if next < ready.count, ready[next] == at { next += 1 } else { rest.append(at) }
        }
        return (ready, rest)
    }

    // MARK: Decisions

    /// What a decision of the running task is known by in the journal; nil in runs that are not durable.
    func decisionKey(_ kind: DecisionRecord.Kind, refs: [ObjectID] = [], name: String = "") -> DecisionKey? {
        guard identity.isDurable else { return nil }
        let scope = scope
        var hasher = Digest128Hasher()
        hasher.update(UInt64(kind.rawValue))
        hasher.update(name)
        for id in refs { hasher.update(lineage(of: id)) }
        let question = hasher.digest
        return DecisionKey(parent: scope.lineage, kind: kind, question: question, ordinal: scope.ordinal(of: question))
    }

    /// Positions of the refs that were ready then, if all of them are finished now.
    private func replayed(_ answer: [UInt8], _ ids: [ObjectID]) -> [Int]? {
        var reader = ByteReader(answer)
        guard let lineages = try? reader.list(unit: 16, { (r) throws(DecodingFault) in try r.lineage() }) else { return nil }
        var positions: [Int] = []
        for lineage in lineages {
            guard let at = ids.firstIndex(where: { self.lineage(of: $0) == lineage }), state(of: ids[at]) != nil else { return nil }
            positions.append(at)
        }
        return positions
    }

    package func beginStep(_ name: String) async throws(RayflowError) -> StepState {
        guard let key = decisionKey(.step, name: name) else { return .pending(ticket: 0) }
        if let answer = log?.recorded(key) {
            var reader = ByteReader(answer)
            if let payload = try? reader.payload() { return .recorded(payload) }
        }
        return .pending(ticket: keep(key))
    }

    package func finishStep(ticket: UInt64, value: Payload) async throws(RayflowError) {
        guard ticket != 0, let key = takeKept(ticket), let log else { return }
        var answer = ByteWriter()
        answer.payload(value)
        let isCommitted = await withCheckedContinuation { continuation in
            log.decide(key, answer: answer.bytes, from: self) { continuation.resume(returning: $0) }
        }
        guard isCommitted else { throw RayflowError(.system, "the run's journal has failed: the recorded step cannot be kept") }
    }
}

/// What a decision is known by.
package struct DecisionKey: Hashable, Sendable {
    package var parent: LineageID
    package var kind: DecisionRecord.Kind
    package var question: Digest128
    package var ordinal: UInt32
}
