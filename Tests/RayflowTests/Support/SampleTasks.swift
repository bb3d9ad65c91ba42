import Rayflow

struct Point: RemoteValue, Equatable {
    var x: Double
    var y: Double? = nil
}
enum Shape: RemoteValue, Equatable { case circle(r: Double), rect(w: Int, h: Int), none }
enum Color: String, RemoteValue { case red, green }
struct Pair<A: RemoteValue, B: RemoteValue>: RemoteValue {
    var first: A
    var second: B
}
struct Tree: RemoteValue {
    struct Info: RemoteValue {
        var text: String
        var numbers: [String: [Float]]
    }
    var left: ObjectRef<Int>
    var kids: [Tree]
    var info: Info
}
struct Box<Value: Sendable>: Sendable { var value: Value }
extension Box: Codable where Value: Codable {}
extension Box: RemoteArgument where Value: RemoteValue { typealias Resolved = Self }
extension Box: RemoteValue where Value: RemoteValue {}

struct Overdrawn: RemoteError, Equatable { var missing: Int }
struct Unregistered: RemoteError, Equatable { var code: Int }
struct Plain: Error {}

func append(_ x: [Int], to s: String) -> [Int] { x + [s.utf8.count] }

/// The calls of a driver, as users write them.
enum Tasks {
    static let square = RemoteFunction("square(x:)") { (x: Int) in x * x }
    static let add = RemoteFunction("add(x:y:)") { (x: Int, y: Int) async throws -> Int in x + y }
    static let append_ = RemoteFunction("append", append(_:to:))
    static let scale = RemoteFunction("scale(p:by:)", version: 2) { (p: Point, by: Float) in Point(x: p.x * Double(by), y: p.y) }
    static let times = RemoteFunction("times(x:by:)") { (x: Double, by: Float) in x * Double(by) }
    static let opt = RemoteFunction("opt(n:l:)") { (n: Int?, l: [Float]) in (n ?? -1) + l.count }
    static let shapes = RemoteFunction("shapes") { (s: Shape, c: Color, p: Point) -> Shape? in c == .red && p.y == nil ? s : nil }
    static let generic = RemoteFunction("generic") { (p: Pair<Int, [String]>, d: [String: Set<Int>]) in
        Pair(first: p.second.count, second: (d["a"] ?? []).sorted())
    }
    static let boxed = RemoteFunction("boxed(b:)") { (b: Box<[Int]>) in Box(value: b.value.count) }
    static let divmod = RemoteFunction("divmod(n:by:) -> (q, r)") { (n: Int, by: Int) in (n / by, Double(n % by)) }
    static let three = RemoteFunction("three") { (n: Int) in (n, "\(n)", [n]) }
    static let six = RemoteFunction("six") { (n: Int) in (n, Float(n), "\(n)", [n], n > 0, n as Int?) }
    static let total = RemoteFunction("total(xs:)") { (xs: [Int]) in xs.reduce(0, +) }
    static let names = RemoteFunction("names(xs:)") { (xs: [String]) in xs.joined(separator: " ") }
    static let first = RemoteFunction("first") { (xs: [ObjectRef<Int>]) in try await xs[0].get() }
    static let one = RemoteFunction("one(x:)") { (x: ObjectRef<Int>) in try await x.get() + 1 }
    static let later = RemoteFunction("later(xs:)") { (xs: [ObjectRef<Int>]) in try await xs[0].get() + xs.count }
    static let tree = RemoteFunction("tree") { (t: Tree) in try await t.left.get() + t.kids.count + (t.info.numbers["k"] ?? []).count }
    static let trees = RemoteFunction("trees(ts:)") { (ts: [Tree]) in
        var sum = 0
        for tree in ts { sum = sum * 10 + (try await tree.left.get()) }
        return sum
    }
    static let plant = RemoteFunction("plant") { (n: Int) in
        let kid = Tree(left: square.remote(n + 1), kids: [], info: .init(text: "kid", numbers: [:]))
        return Tree(left: square.remote(n), kids: [kid], info: .init(text: "t\(n)", numbers: [:]))
    }
    static let log = RemoteFunction("log") { (s: String) in _ = s.count }
    static let tail = RemoteFunction("tail") { (n: Int) in square.remote(n + 1) }
    static let broke = RemoteFunction("broke") { (n: Int) -> Int in throw Overdrawn(missing: n) }
    static let odd = RemoteFunction("odd") { (n: Int) -> Int in throw Unregistered(code: n) }
    static let plain = RemoteFunction("plain") { () -> Int in throw Plain() }
    static let norm = RemoteFunction("norm(v:)") { (v: RemoteBuffer<Float>) in
        v.withSpan { s in
            var t: Float = 0
            for i in s.indices { t += s[i] * s[i] }
            return t
        }
    }
    static let ones = RemoteFunction("ones") { (n: Int) in [Float](repeating: 1, count: n) }
    static let tick = RemoteFunction("tick") { (c: ActorHandle<Counter>, n: Int) in try await c.add.remote(n).get() }
    static let whoami = RemoteFunction("whoami") { () -> String in TaskContext.current?.name ?? "nobody" }
    static let show = RemoteFunction("show(j:)") { (j: JSON) in j.compact }
    static let make = RemoteFunction("make(n:)") { (n: Int) -> JSON in ["n": .int(n)] }
    static let until = RemoteFunction("until") { (go: ObjectRef<Int>) -> Bool in
        while !Task.isCancelled { await Task.yield() }
        return TaskContext.current?.isCancelled ?? false
    }
    static let fib: RemoteFunction<Int, Single<Int>> = RemoteFunction("fib(n:)") { (n: Int) in
        n < 2 ? n : try await add.remote(fib.remote(n - 1), fib.remote(n - 2)).get()
    }
    static let forgotten = RemoteFunction("forgotten") { 1 }

    static let registry = Registry(
        square, add, append_, scale, times, opt, shapes, generic, boxed, divmod, three, six, total, names, first, one, later, tree, trees,
        plant,
        log, tail, broke, odd, plain, norm, ones, tick, whoami, show, make, until, fib, Retrieve.item, Retrieve.followUp,
        actors: [Counter.self, Account.self, Tracker.self], errors: [Overdrawn.self])
}

final class Counter: RemoteActor {
    private var value: Int
    init(start: Int) { value = start }
    func reset(to n: Int) { value = n }

    static let start = constructor("init(start:)") { (start: Int) in Counter(start: start) }
    static let fail = constructor("init(fail:)") { (fail: Bool) -> Counter in throw Overdrawn(missing: 1) }
    static let add = method("add(by:)") { (me: Counter, n: Int) in
        me.value += n
        return me.value
    }
    static let reset = method("reset(to:)", Counter.reset(to:))
    static let slow = method("slow") { (me: Counter, n: Int) in
        let before = me.value
        for _ in 0..<20 { await Task.yield() }
        me.value = before + n
        return me.value
    }
    static let twice = method("twice") { (me: Counter, n: Int) in
        let handle = try me.handle
        return (handle, Tasks.square.remote(n))
    }
    static let refer = method("refer") { (me: Counter) in try me.handle }
    static let leave = method("leave") { (me: Counter) in
        try TaskContext.current?.exitActor()
        return TaskContext.current?.wantsActorExit ?? false
    }
    static let members = Members(start, fail, add, reset, slow, twice, refer, leave)
}

actor Account: RemoteActor {
    private var balance = 0
    private var inside = 0
    private var peak = 0
    func deposit(_ n: Int) -> Int {
        balance += n
        return balance
    }

    static let open = constructor { Account() }
    static let deposit = method("deposit") { (me: isolated Account, n: Int) in
        me.balance += n
        return me.balance
    }
    static let deposit2 = method("deposit2") { (me: Account, n: Int) in await me.deposit(n) }
    static let withdraw = method("withdraw(n:)") { (me: isolated Account, n: Int) in
        guard me.balance >= n else { throw Overdrawn(missing: n - me.balance) }
        me.balance -= n
        return me.balance
    }
    static let state = method("state() -> (balance, peak)") { (me: isolated Account) in (me.balance, me.peak) }
    /// Leaves once so many calls are inside at the same time.
    static let meet = method("meet") { (me: isolated Account, n: Int) in
        me.inside += 1
        me.peak = max(me.peak, me.inside)
        while me.peak < n { await Task.yield() }
        me.inside -= 1
    }
    static let members = Members(open, deposit, deposit2, withdraw, state, meet)
}

/// The running example of the second chapter of "Learning Ray".
struct Retrieved: RemoteValue {
    var item: Int
    var text: String
}

final class Tracker: RemoteActor {
    private var counts = 0
    static let start = constructor { Tracker() }
    static let increment = method("increment") { (me: Tracker) in me.counts += 1 }
    static let total = method("total") { (me: Tracker) in me.counts }
    static let members = Members(start, increment, total)
}

enum Retrieve {
    static let item = RemoteFunction("Retrieve.item(item:db:tracker:)") { (item: Int, db: [String], tracker: ActorHandle<Tracker>) in
        tracker.increment.remote()
        for _ in 0..<item { await Task.yield() }
        return Retrieved(item: item, text: db[item])
    }
    static let followUp = RemoteFunction("Retrieve.followUp(of:db:)") { (found: [Retrieved], db: [String]) in
        found.map { db[min($0.item + 1, db.count - 1)] }
    }
    static func run(_ ray: Cluster) async throws -> (Int, [String]) {
        let db = try ray.put(["Learning", "Ray", "Flexible", "Distributed", "Swift", "for", "Machine", "Learning"])
        let tracker = Tracker.start.remote()
        var rest = (0..<8).map { item.remote($0, db, tracker) }
        var next: [ObjectRef<[String]>] = []
        while !rest.isEmpty {
            let (ready, left) = try await ray.wait(rest, count: 2, timeout: .seconds(7))
            next.append(followUp.remote(gather(ready), db))
            rest = left
        }
        return (try await tracker.total.remote().get(), try await ray.get(next).flatMap { $0 })
    }
}
