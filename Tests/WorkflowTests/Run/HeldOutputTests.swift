import RayflowCore
import Testing

@testable import Workflow

@Suite("Large outputs lie in the object store")
struct HeldOutputTests {
    private final class Store {
        var values: [JSON] = []
        var refs: UInt64 = 0
        var isFull = false

        func hold(_ value: Value, _ type: ValueType) -> (value: Value, digests: [ValueRef: String]) {
            var holding = OutputHolding {
                self.refs += 1
                return ValueRef(id: self.refs)
            } put: { (json) throws(RayflowError) in
                guard !self.isFull else { throw RayflowError(.objectStoreFull, "full") }
                self.values.append(json)
                return ObjectID(task: TaskID(unique: UInt64(self.values.count), actor: .none(in: JobID(1))), index: 1)
            }
            let held = holding.hold(StepOutputs(["x": value]), ["x": type])
            #expect(holding.objects.count == held.digests.count)
            return (held.values["x"] ?? .null, held.digests)
        }
    }

    private static let large = Value.string(String(repeating: "z", count: RunLimits.heldBytes + 1))

    @Test("what is small, and what has paths in it, stays a value")
    func small() {
        let store = Store()
        for type in [ValueType.string, .json, .bytes, .list(.json), .map(.string)] {
            #expect(store.hold(["a", "b"], type).value == ["a", "b"])
        }
        let paths = Value.list((0..<20_000).map { .file("/some/folder/\($0)") })
        #expect(store.hold(paths, .list(.file)).value == paths && store.hold([paths], .list(.list(.file))).value == [paths])
        #expect(store.values.isEmpty)
    }

    @Test("a large value is one object, whatever its type; a large list with large elements is one for each of these")
    func large() {
        let store = Store()
        #expect(store.hold(Self.large, .string).value == .ref(ValueRef(id: 1)))
        #expect(store.hold(["k": Self.large], .map(.string)).value == .ref(ValueRef(id: 2)))
        #expect(store.hold([Self.large], .json).value == .ref(ValueRef(id: 3)))
        let list = store.hold([Self.large, 1, Self.large], .list(.json))
        #expect(list.value == [.ref(ValueRef(id: 4)), 1, .ref(ValueRef(id: 5))])
        #expect(Set(list.digests.values).count == 1, "by content")
        let many = Value.list((0..<50_000).map { .number(Double($0)) })
        #expect(store.hold(many, .list(.int)).value == .ref(ValueRef(id: 6)))
        #expect(store.values.count == 6)
    }

    @Test("equal contents have equal digests in any order of their keys, others have others")
    func digests() {
        let store = Store()
        let one = store.hold(["a": Self.large, "b": 1], .json).digests.values.first
        #expect(one != nil && store.hold(["b": 1, "a": Self.large], .json).digests.values.first == one)
        #expect(store.hold(["b": 2, "a": Self.large], .json).digests.values.first != one)
    }

    @Test("what finds no room stays a value")
    func full() {
        let store = Store()
        store.isFull = true
        let held = store.hold([Self.large, Self.large], .list(.json))
        #expect(held.value == [Self.large, Self.large] && held.digests.isEmpty)
    }
}
