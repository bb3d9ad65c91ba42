public import Rayflow

#if canImport(Glibc)
    import Glibc
#endif

/// Large values without a pattern, which no tier makes smaller, and tasks that die with them in their hands.
public enum Spilled {
    /// The same for the same seed.
    public static func noise(_ count: Int, seed: Int) -> [UInt64] {
        [UInt64](unsafeUninitializedCapacity: count) { buffer, filled in
            var state = UInt64(bitPattern: Int64(seed)) &* 0x9E37_79B9_7F4A_7C15 | 1
            for index in 0..<count {
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                buffer[index] = state
            }
            filled = count
        }
    }

    private static func total(of xs: RemoteBuffer<UInt64>) -> UInt64 {
        xs.withSpan { span in
            var total: UInt64 = 0
            for index in span.indices { total &+= span[index] }
            return total
        }
    }

    public static let make = RemoteFunction("spilled.make(count:seed:)") { (count: Int, seed: Int) in noise(count, seed: seed) }
    public static let sum = RemoteFunction("spilled.sum(xs:)") { (xs: RemoteBuffer<UInt64>) in total(of: xs) }
    /// Its worker is killed when its first attempt has written half of a large object.
    public static let dieWriting = RemoteFunction("spilled.dieWriting(count:seed:)") { (count: Int, seed: Int) in
        let values = noise(count, seed: seed)
        let isFirst = TaskContext.current?.attempt == 1
        return try Cluster.current.put(UInt64.self, count: count) { span in
            for (index, value) in values.enumerated() {
                if isFirst, index == count / 2 { kill(getpid(), SIGKILL) }
                span.append(value)
            }
        }
    }
    /// Its worker is killed while its first attempt reads them in place, all at once.
    public static let dieReading = RemoteFunction("spilled.dieReading(refs:)") { (refs: [ObjectRef<[UInt64]>]) in
        var views: [RemoteBuffer<UInt64>] = []
        for ref in refs { views.append(try await ref.view().get()) }
        if TaskContext.current?.attempt == 1 { kill(getpid(), SIGKILL) }
        return views.reduce(UInt64(0)) { $0 &+ total(of: $1) }
    }
}
