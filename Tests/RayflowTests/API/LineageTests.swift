import Rayflow
import RayflowCore
import Testing

@Suite("Canonical digests of arguments")
struct LineageTests {
    private func object(_ number: UInt64) -> ObjectID {
        ObjectID(task: TaskID(unique: number, actor: .none(in: JobID(UInt32(number)))), index: 1)
    }
    private func digest(_ arguments: [Argument], _ lineage: (ObjectID) -> LineageID = { LineageID(high: $0.task.unique, low: 0) })
        -> Digest128
    {
        var hasher = Digest128Hasher()
        for argument in arguments { argument.digest(into: &hasher, lineageOf: lineage) }
        return hasher.digest
    }
    private func value<T: RemoteValue>(_ value: T) throws -> Argument { .value(try Payload(encoding: value)) }

    @Test("a ref counts by its lineage, top-level and nested, never by its execution")
    func refs() throws {
        let (ray, engine) = try InProcessEngine.start(Registry())
        let a = try ray.put(1), b = try ray.put(1), c = try ray.put(2)
        _ = engine
        let lineage: (ObjectID) -> LineageID = { LineageID(high: $0 == c.id ? 2 : 1, low: 9) }
        func tree(_ ref: ObjectRef<Int>) throws -> Argument { try value(Tree(left: ref, kids: [], info: .init(text: "", numbers: [:]))) }
        #expect(digest([try tree(a)], lineage) == digest([try tree(b)], lineage))
        #expect(digest([try tree(a)], lineage) != digest([try tree(c)], lineage))
        #expect(digest([.ref(a.id)], lineage) == digest([.ref(b.id)], lineage))
        #expect(digest([.ref(a.id)], lineage) != digest([.ref(c.id)], lineage))
        #expect(try Payload(encoding: [a, c]).bytes == Payload(encoding: [b, a]).bytes)
    }

    @Test("dictionaries and sets have one encoding, whatever the order of hashing")
    func unordered() throws {
        let keys = (0..<200).map { "key \($0)" }
        let forward = Dictionary(uniqueKeysWithValues: keys.map { ($0, $0.count) })
        var backward: [String: Int] = Dictionary(minimumCapacity: 4096)
        for key in keys.reversed() { backward[key] = key.count }
        #expect(try Payload(encoding: forward) == Payload(encoding: backward))
        var set = Set<Int>(minimumCapacity: 9999)
        for number in (0..<200).reversed() { set.insert(number) }
        #expect(try Payload(encoding: Set(0..<200)) == Payload(encoding: set))
    }

    @Test("different arguments have different digests; forms and counts are part of them")
    func different() throws {
        let all: [[Argument]] = [
            [], [try value(1)], [try value(Int32(1))], [try value([1])], [try value(1), try value(1)], [.gather([try value(1)])],
            [.gather([try value(1), try value(1)])], [.gather([]), try value(1)], [.ref(object(1))], [.gather([.ref(object(1))])],
            [.value(Payload(json: 1))], [try value("1")], [try value(true)],
        ]
        #expect(Set(all.map { digest($0) }).count == all.count)
    }
}
