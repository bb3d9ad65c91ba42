import EngineTestRemotes
import Foundation
import Glibc
import Raylet
import Rayflow
import RayflowCore
import Testing
import Transport

/// Load on a cluster whose workers are killed while it runs. What is submitted is drawn from a seed.
struct Storm {
    /// What may become of a call besides its value.
    enum Tolerance: CaseIterable {
        case nothing, crash, unavailable, death
        var codes: Set<RayflowError.Code> {
            switch self {
            case .nothing: []
            case .crash: [.workerCrashed]
            case .unavailable: [.actorUnavailable]
            case .death: [.actorDied, .actorUnavailable]
            }
        }
    }

    /// One call whose outcome is to be looked at: false when there is none after a long time.
    struct Pending {
        var name: String
        var check: () async -> Bool
    }

    let plan: StormPlan
    let ray: Cluster
    let embedded: EmbeddedCluster
    private var random: StormRandom
    private var cells: [(handle: ActorHandle<StormCell>, tolerance: Tolerance)] = []
    private let numbers: [ObjectRef<Int>]
    private let array: ObjectRef<[Float]>
    /// Every worker that was ever seen.
    private(set) var pids: Set<Int32> = []
    private(set) var kills = 0

    init(_ plan: StormPlan, _ ray: Cluster, _ embedded: EmbeddedCluster) throws {
        self.plan = plan
        self.ray = ray
        self.embedded = embedded
        random = StormRandom(seed: plan.seed)
        numbers = try (0..<10).map { try ray.put($0) }
        array = try ray.put([Float](repeating: 1, count: 50_000))
        for index in 0..<plan.actors {
            // Those that always come back; those whose calls run at most once; those that die for good one day.
            let (restarts, retries, tolerance): (Int, Int, Tolerance) =
                switch index % 5 {
                case 0...2: (-1, -1, .nothing)
                case 3: (-1, 0, .unavailable)
                default: (2, -1, .death)
                }
            cells.append((StormCell.start.options(maxRestarts: restarts, maxTaskRetries: retries).remote(), tolerance))
        }
    }

    /// Keeps as many calls open as the plan's window allows, looks at their outcomes in the order of submission, and kills between two.
    mutating func run() async throws {
        var open: [Pending] = []
        var next = 0
        for number in 0..<(plan.tasks + plan.window) {
            if number < plan.tasks { open.append(submit(number)) }
            guard open.count - next > plan.window || number >= plan.tasks, next < open.count else { continue }
            guard await open[next].check() else { return await report(open[next].name) }
            open[next].check = { true }
            next += 1
            if kills < plan.kills, next * plan.kills >= (kills + 1) * max(plan.tasks - plan.window, 1) { try kill() }
        }
        while next < open.count {
            guard await open[next].check() else { return await report(open[next].name) }
            next += 1
        }
        for cell in cells { try await ray.kill(cell.handle) }
        cells = []
    }

    // MARK: Calls

    private mutating func submit(_ n: Int) -> Pending {
        let cell = cells.randomElement(using: &random)
        let retries = random.next() % 4 == 0 ? 3 : -1
        let tolerance: Tolerance = retries < 0 ? .nothing : .crash
        switch random.next() % 20 {
        case 0: return expect(StormTasks.nested.options(maxRetries: -1).remote(n), n &* n &+ 1 &+ (n + 1) &* (n + 1) &+ 1, "nested")
        case 1:
            let ref = StormTasks.large.options(maxRetries: retries).remote(n)
            return expect(ref, "large", tolerance) { $0 == [Float](repeating: Float(n), count: 40_000) }
        case 2:
            let ref = StormTasks.put.options(maxRetries: -1).remote(n)
            return Pending(name: "put") {
                guard let refs = await Self.value(of: ref, "put", .nothing) else { return false }
                guard let inner = refs?.first else { return true }
                guard let array = await Self.value(of: inner, "put, inner", .nothing) else { return false }
                #expect(array == [Float](repeating: Float(n), count: 40_000))
                return true
            }
        case 3: return expect(StormTasks.sum.options(maxRetries: -1).remote(numbers), 45, "sum")
        case 4: return expect(StormTasks.head.options(maxRetries: -1).remote([array]), 50_000, "head")
        case 5...8:
            guard let (handle, tolerance) = cell else { break }
            switch random.next() % 8 {
            case 0:
                return expect(handle.large.remote(n), "cell.large", tolerance) { $0 == [Float](repeating: Float(n), count: 40_000) }
            case 1: return expect(handle.keep.remote(numbers), 10, "cell.keep", tolerance)
            case 2 where tolerance == .nothing:
                return expect(StormTasks.through.options(maxRetries: -1).remote(handle, n), n &* 2 &+ 1, "through")
            default: return expect(handle.echo.remote(n), n &* 2 &+ 1, "cell.echo", tolerance)
            }
        default: break
        }
        return expect(StormTasks.value.options(maxRetries: retries).remote(n), n &* n &+ 1, "value", tolerance)
    }

    private func expect(_ ref: ObjectRef<Int>, _ value: Int, _ name: String, _ tolerance: Tolerance = .nothing) -> Pending {
        expect(ref, name, tolerance) { $0 == value }
    }

    private func expect<T>(
        _ ref: ObjectRef<T>, _ name: String, _ tolerance: Tolerance, _ isRight: @escaping (T) -> Bool
    ) -> Pending {
        Pending(name: "\(name) \(ref.id)") { [ray] in
            guard let value = await Self.value(of: ref, name, tolerance) else {
                print("storm: \(name) \(ref.id) has not ended; explanation: \(await ray.explain(ref).map { "\($0)" } ?? "none: it runs")")
                return false
            }
            if let value { #expect(isRight(value), "\(name) has a value that is not its own") }
            return true
        }
    }

    /// The value; nil inside for an error that may be; nil for none after a long time.
    private static func value<T>(of ref: ObjectRef<T>, _ name: String, _ tolerance: Tolerance) async -> T?? {
        do { return .some(try await ref.get(timeout: .seconds(120))) } catch {
            let code = (error as? RayflowError)?.code
            if code == .getTimeout { return nil }
            #expect(code.map(tolerance.codes.contains) ?? false, "\(name) ended with \(error)")
            return .some(nil)
        }
    }

    // MARK: Kills

    private mutating func kill() throws {
        let workers = try snapshot().workers.filter { $0.pid != 0 && $0.state != .dying }
        pids.formUnion(workers.map { Int32(bitPattern: $0.pid) })
        // The actors' processes are many more than the tasks'.
        let wantsActor = random.next() % 2 == 0
        let some = workers.filter { $0.isActor == wantsActor }
        guard let victim = (some.isEmpty ? workers : some).randomElement(using: &random) else { return }
        Glibc.kill(Int32(bitPattern: victim.pid), SIGKILL)
        kills += 1
    }

    private func snapshot() throws -> RayletSnapshot { try embedded.loop.sync { [embedded] in embedded.raylet.snapshot() } }

    /// Everything of the cluster is free again. Waits for it: ends of processes are seen a moment after they were asked for.
    func settles() async throws {
        for _ in 0..<6_000 {
            let (total, available) = try await ray.resources
            if total == available { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        await report("the return of what was booked")
    }

    private func report(_ name: String) async {
        Issue.record("seed \(plan.seed): \(name) has not ended in time, \(kills) kills")
        guard let snapshot = try? snapshot() else { return }
        print("storm: seed \(plan.seed), available \(snapshot.available) of \(snapshot.total), counters \(snapshot.counters)")
        for worker in snapshot.workers { print("storm: worker \(worker)") }
        for lease in snapshot.granted { print("storm: granted \(lease)") }
        for lease in snapshot.waiting { print("storm: waiting \(lease)") }
    }
}
