import RayflowCore

/// Spreads calls over actors of one type: each has one call at a time, and what is submitted next goes to the one that is free first.
///
///     let pool = ActorPool<Counter, Int>([Counter.start.remote(0), Counter.start.remote(0)])
///     let sums = try await pool.map(1...100) { counter, n in counter.add.remote(n) }
///
/// For use from one task. A call that fails throws where its result is asked for, and its actor goes on.
public final class ActorPool<Host: RemoteActor, Output: RemoteValue> {
    private struct Running {
        var number: Int
        var ref: ObjectRef<Output>
        var actor: ActorHandle<Host>
    }

    private var idle: [ActorHandle<Host>]
    private var waiting: [(number: Int, call: (ActorHandle<Host>) -> ObjectRef<Output>)] = []
    private var started = 0
    private var running: [Running] = []
    private var finished: [Int: ObjectRef<Output>] = [:]
    /// Numbers in the order in which they finished; those that were handed out since are skipped by the reader.
    private var completion: [Int] = []
    private var completed = 0
    private var submitted = 0
    private var handedOut = 0
    /// The first number that `next` has not passed, and those behind it that were handed out of turn.
    private var turn = 0
    private var outOfTurn: Set<Int> = []

    public init(_ actors: [ActorHandle<Host>]) { idle = actors }

    /// Whether a result is still to be handed out.
    public var hasNext: Bool { handedOut < submitted }
    /// Whether the next submission starts at once.
    public var hasFree: Bool { !idle.isEmpty && started == waiting.count }

    /// Adds an actor, or gives back one from ``popIdle()``.
    public func push(_ actor: ActorHandle<Host>) {
        idle.append(actor)
        start()
    }

    /// Takes an actor out that has no call; nil if there is none.
    public func popIdle() -> ActorHandle<Host>? { hasFree ? idle.removeLast() : nil }

    /// Makes a call as soon as an actor is free. Never waits.
    public func submit(_ call: @escaping (ActorHandle<Host>) -> ObjectRef<Output>) {
        waiting.append((submitted, call))
        submitted += 1
        start()
    }

    /// The result of the earliest submission that was not handed out.
    ///
    /// - Throws: `getTimeout`, after which it can be asked for again; what the call threw; `invalidArgument` when nothing was submitted, or there
    ///   is no actor.
    public nonisolated(nonsending) func next(timeout: Duration? = nil) async throws -> Output {
        while outOfTurn.remove(turn) != nil { turn += 1 }
        let number = turn, deadline = timeout.map { ContinuousClock.now + $0 }
        try await advance(until: deadline) { self.finished[number] != nil }
        guard let ref = finished.removeValue(forKey: number) else { throw Self.nothing }
        turn += 1
        handedOut += 1
        return try await ref.get()
    }

    /// The result that was there first of those that were not handed out; otherwise as ``next(timeout:)``.
    public nonisolated(nonsending) func nextUnordered(timeout: Duration? = nil) async throws -> Output {
        let deadline = timeout.map { ContinuousClock.now + $0 }
        try await advance(until: deadline) { !self.finished.isEmpty }
        while completed < completion.count {
            let number = completion[completed]
            completed += 1
            guard let ref = finished.removeValue(forKey: number) else { continue }
            outOfTurn.insert(number)
            handedOut += 1
            return try await ref.get()
        }
        throw Self.nothing
    }

    /// One call for each value; the results in the order of the values. Throws the first failure in that order.
    public nonisolated(nonsending) func map<Values: Sequence>(
        _ values: Values, _ call: @escaping (ActorHandle<Host>, Values.Element) -> ObjectRef<Output>
    ) async throws -> [Output] {
        let count = submit(values, call)
        var results: [Output] = []
        for _ in 0..<count { results.append(try await next()) }
        return results
    }

    /// One call for each value; the results in the order in which they come.
    public nonisolated(nonsending) func mapUnordered<Values: Sequence>(
        _ values: Values, _ call: @escaping (ActorHandle<Host>, Values.Element) -> ObjectRef<Output>
    ) async throws -> [Output] {
        let count = submit(values, call)
        var results: [Output] = []
        for _ in 0..<count { results.append(try await nextUnordered()) }
        return results
    }

    private func submit<Values: Sequence>(
        _ values: Values, _ call: @escaping (ActorHandle<Host>, Values.Element) -> ObjectRef<Output>
    ) -> Int {
        let before = submitted
        for value in values { submit { actor in call(actor, value) } }
        return submitted - before
    }

    private func start() {
        while started < waiting.count, let actor = idle.popLast() {
            let (number, call) = waiting[started]
            started += 1
            running.append(Running(number: number, ref: call(actor), actor: actor))
        }
        if started == waiting.count {
            waiting = []
            started = 0
        }
    }

    private nonisolated(nonsending) func advance(until deadline: ContinuousClock.Instant?, _ isDone: () -> Bool) async throws {
        while !isDone() {
            guard hasNext, let cluster = running.first?.actor.box.cluster else { throw Self.nothing }
            let refs = running.map(\.ref), left = deadline.map { max(.zero, ContinuousClock.now.duration(to: $0)) }
            let ready = Set(try await cluster.wait(refs, timeout: left).ready)
            if ready.isEmpty { throw RayflowError(.getTimeout, "no call of the pool was ready in time") }
            for call in running where ready.contains(call.ref) {
                finished[call.number] = call.ref
                completion.append(call.number)
                idle.append(call.actor)
            }
            running.removeAll { ready.contains($0.ref) }
            start()
        }
    }

    private static var nothing: RayflowError { RayflowError(.invalidArgument, "the pool has no call to wait for, or no actor") }
}
