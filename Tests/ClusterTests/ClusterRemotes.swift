import Rayflow
import RayflowTestKit
import Synchronization

/// Waits in bodies until so many of them are at the same place at the same time.
final class Rendezvous: Sendable {
    private struct State {
        var missing: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
    }
    private let state: Mutex<State>
    init(_ count: Int) { state = Mutex(State(missing: count)) }

    func meet() async {
        await withCheckedContinuation { continuation in
            let all = state.withLock { state -> [CheckedContinuation<Void, Never>] in
                state.missing -= 1
                state.waiting.append(continuation)
                guard state.missing <= 0 else { return [] }
                defer { state.waiting = [] }
                return state.waiting
            }
            for waiting in all { waiting.resume() }
        }
    }
}

/// What the bodies of one test share with it: they run in its process.
final class Places: Sendable {
    private static let all = Mutex<[Int: Rendezvous]>([:])
    static func make(_ count: Int) -> Int {
        all.withLock { all in
            let key = all.count + 1
            all[key] = Rendezvous(count)
            return key
        }
    }
    static func meet(_ key: Int) async { await all.withLock { $0[key] }?.meet() }
}

/// The same numbers for the same seed; the high bits are noise, so that nothing compresses them.
func noise(_ count: Int, seed: UInt64) -> [UInt64] {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    return (0..<count).map { _ in
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}

func pattern(_ count: Int, seed: UInt64) -> [UInt64] { (0..<count).map { UInt64($0 / 512) &+ seed } }

struct Elsewhere: RemoteError { var node: String }

enum Remote {
    static let whereAmI = RemoteFunction("whereAmI") { () in "\(TaskContext.current.map { "\($0.node)" } ?? "-")" }
    static let whereWith = RemoteFunction("whereWith(xs:)") { (xs: RemoteBuffer<UInt64>) in
        "\(TaskContext.current.map { "\($0.node)" } ?? "-")"
    }
    static let square = RemoteFunction("square(x:)") { (x: Int) in x * x }
    static let sum = RemoteFunction("sum(xs:)") { (xs: RemoteBuffer<UInt64>) in
        xs.withSpan { span in
            var total: UInt64 = 0
            for index in span.indices { total &+= span[index] }
            return total
        }
    }
    static let add = RemoteFunction("add(a:b:)") { (a: UInt64, b: UInt64) in a &+ b }
    static let makeNoise = RemoteFunction("makeNoise(count:seed:)") { (count: Int, seed: UInt64) in noise(count, seed: seed) }
    static let makePattern = RemoteFunction("makePattern(count:seed:)") { (count: Int, seed: UInt64) in pattern(count, seed: seed) }
    static let mix = RemoteFunction("mix(xs:ys:)") { (xs: RemoteBuffer<UInt64>, ys: RemoteBuffer<UInt64>) in zip(xs, ys).map { $0 &+ $1 } }
    static let meet = RemoteFunction("meet(place:)") { (place: Int) in
        await Places.meet(place)
        return "\(TaskContext.current.map { "\($0.node)" } ?? "-")"
    }
    /// A task that submits to the other node and gives its ref back.
    static let elsewhere = RemoteFunction("elsewhere(x:)") { (x: Int) in square.options(resources: ["home": 1]).remote(x + 1) }
    static let refs = RemoteFunction("refs(count:)") { (count: Int) in (0..<count).map { square.remote($0) } }
    static let read = RemoteFunction("read(refs:)") { (refs: [ObjectRef<[UInt64]>]) in
        var total: UInt64 = 0
        for ref in refs { for number in try await ref.get() { total &+= number } }
        return total
    }
    static let fails = RemoteFunction("fails") { () throws -> Int in
        throw Elsewhere(node: "\(TaskContext.current.map { "\($0.node)" } ?? "-")")
    }
}

final class Ledger: RemoteActor {
    private var lines: [Int] = []
    static let open = constructor { Ledger() }
    static let note = method("note(line:)") { (me: Ledger, line: Int) in
        me.lines.append(line)
        return me.lines.count
    }
    static let lines = method("lines") { (me: Ledger) in me.lines }
    static let place = method("place") { (_: Ledger) in "\(TaskContext.current.map { "\($0.node)" } ?? "-")" }
    static let total = method("total(xs:)") { (_: Ledger, xs: RemoteBuffer<UInt64>) in xs.reduce(0, &+) }
    static let noise = method("noise(count:seed:)") { (_: Ledger, count: Int, seed: UInt64) in ClusterTests.noise(count, seed: seed) }
    static let members = Members(open, note, lines, place, total, noise)
}

let remotes = Registry(
    Remote.whereAmI, Remote.whereWith, Remote.square, Remote.sum, Remote.add, Remote.makeNoise, Remote.makePattern, Remote.mix, Remote.meet,
    Remote.elsewhere,
    Remote.refs, Remote.read, Remote.fails, Bulk.isEqual, Bulk.make, Bulk.wait,
    Rebuilt.make, Rebuilt.next, Rebuilt.two, Rebuilt.slow, Rebuilt.first, Rebuilt.put,
    actors: [Ledger.self, Rebuilder.self], errors: [Elsewhere.self])

/// Two nodes; node 1 alone has `special`, node 0 alone `home`.
func withTwoNodes(
    silence: Duration = TestKitLimits.silence, _ body: (TestCluster) async throws -> Void
) async throws {
    let cluster = try await TestCluster(nodes: [["CPU": 2, "home": 100], ["CPU": 2, "special": 100]], remotes, silence: silence)
    try await run(cluster, body)
}

/// The cluster is shut down when the body has ended, however that was.
func run(_ cluster: TestCluster, _ body: (TestCluster) async throws -> Void) async throws {
    do {
        try await cluster.cluster.run { try await body(cluster) }
    } catch {
        await cluster.shutDown()
        throw error
    }
    await cluster.shutDown()
}

let special = ["special": 1.0]

/// Waits until no store holds anything.
func storesAreEmpty(_ cluster: TestCluster) async throws {
    for node in 0..<cluster.count { try await eventually { try cluster.storedBytes(on: node) == 0 } }
}

/// Waits until something is so of which nobody tells.
func eventually(_ condition: () async throws -> Bool) async throws {
    while try await !condition() { try await Task.sleep(for: .milliseconds(2)) }
}
