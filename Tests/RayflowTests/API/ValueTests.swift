import Rayflow
import RayflowCore
import Testing

@Suite("Values through bytes")
struct ValueTests {
    private func again<T: RemoteValue>(_ value: T) throws -> T { try Payload(encoding: value).decode(T.self, in: nil) }
    private func check<T: RemoteValue & Equatable>(_ values: T..., line: Int = #line) throws {
        for value in values {
            #expect(try again(value) == value, sourceLocation: SourceLocation(fileID: #fileID, filePath: #filePath, line: line, column: 1))
        }
    }

    @Test("the library's own types come back as they were")
    func builtIn() throws {
        try check(0, -1, Int.max, .min)
        try check(UInt64.max, 0)
        try check(Int8.min, .max)
        try check(0.1, -0.0, .infinity, .leastNonzeroMagnitude)
        try check(Float(0.1))
        #expect(try again(Double.nan).isNaN)
        try check(true, false)
        try check("", "a", "grüße 👩‍👩‍👧", String(repeating: "x", count: 70_000))
        try check([Int](), [1, 2, 3])
        try check([UInt8](0...255))
        try check([true, false, true])
        try check([["a"], [], ["b", "c"]])
        try check(Int?.none, 3)
        try check(Int??.none, .some(nil), 3)
        try check([nil, 1, nil] as [Int?])
        try check(["a": 1, "b": 2], [:])
        try check([1: ["x": Set(["y"])]])
        try check(Set([1, 2, 3]))
        try check([Done(), Done()])
        try check(RemoteFile("/tmp/a b"))
        try check(JSON.object(["a": [1, 2.5, nil, "x", true], "b": [:]]), 1, nil, "text")
        try check(RemoteBufferProxy(RemoteBuffer([1, 2, 3] as [Double])))
    }

    /// A buffer is compared by its elements.
    struct RemoteBufferProxy: RemoteValue, Equatable {
        var buffer: RemoteBuffer<Double>
        init(_ buffer: RemoteBuffer<Double>) { self.buffer = buffer }
        static func == (a: Self, b: Self) -> Bool { a.buffer.elementsEqual(b.buffer) }
    }

    struct Scalars: RemoteValue, Equatable {
        var a: Int8 = 1, b: Int16 = 2, c: Int32 = 3, d: Int64 = 4, e: UInt = 5, f: UInt8 = 6, g: UInt16 = 7, h: UInt32 = 8, i: UInt64 = 9
        var j = true, k: Float = 1.5, l = 2.5, m = "text", n: Int? = nil, o: Int? = 7, p: [Int] = [1], q: Empty = Empty(),
            r: Nested = Nested()
    }
    struct Empty: RemoteValue, Equatable {}
    struct Nested: Codable, Equatable, Sendable {
        var point = Point(x: 1, y: 2)
        var points = [Point(x: 3)]
        var shape = Shape.rect(w: 1, h: 2)
        var color = Color.green
        var names: [String: Codable1] = ["a": Codable1(x: 1), "b": Codable1(x: 2)]
        var list: [Codable1?] = [nil, Codable1(x: 3)]
    }
    /// Not a RemoteValue.
    struct Codable1: Codable, Equatable, Sendable { var x: Int }

    @Test("Codable types come back as they were: structs, enums, nested types that are no RemoteValues")
    func codable() throws {
        try check(Scalars())
        try check(Shape.circle(r: 2), .rect(w: 1, h: 2), .none)
        try check(Color.red, .green)
        try check([Empty(), Empty()])
        try check([Color.red: [Shape.none]])
        try check(Box(value: [Point(x: 1)]).value)
        try check(Wide(base: 1, own: "x"))
        try check(Hand(x: 1, y: "2"))
        try check([Hand(x: 1, y: "2"), Hand(x: 3, y: "")])
    }

    /// Encodes more than it decodes, in another order, with a nested container and a nil.
    struct Crooked: RemoteValue, Equatable {
        var a: Int
        var b: String?
        enum Keys: String, CodingKey { case extra, b, nested, a, list, null }
        init(a: Int, b: String?) {
            self.a = a
            self.b = b
        }
        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: Keys.self)
            #expect(Set(fields.allKeys) == [.extra, .b, .nested, .a, .list, .null])
            #expect(try fields.decodeNil(forKey: .null) && fields.contains(.null))
            #expect(try fields.decodeIfPresent(Int.self, forKey: .null) == nil)
            a = try fields.decode(Int.self, forKey: .a)
            let nested = try fields.nestedContainer(keyedBy: Keys.self, forKey: .nested)
            b = try nested.decodeIfPresent(String.self, forKey: .b)
            var list = try fields.nestedUnkeyedContainer(forKey: .list)
            #expect(list.count == 4)
            #expect(try list.decode(Int.self) == a)
            #expect(try list.decodeNil())
            #expect(try !list.decodeNil())
            var inner = try list.nestedUnkeyedContainer()
            #expect(try inner.decode(String.self) == "inner")
            #expect(inner.isAtEnd && !list.isAtEnd)
            #expect(try list.nestedContainer(keyedBy: Keys.self).decode(Int.self, forKey: .a) == 5)
            #expect(throws: RayflowError.self) { try list.decode(Int.self) }
            #expect(try fields.decode(Int.self, forKey: .a) == a)
        }
        func encode(to encoder: any Encoder) throws {
            var fields = encoder.container(keyedBy: Keys.self)
            try fields.encode([1, 2, 3], forKey: .extra)
            try fields.encode("unused", forKey: .b)
            var nested = fields.nestedContainer(keyedBy: Keys.self, forKey: .nested)
            try nested.encodeIfPresent(b, forKey: .b)
            try fields.encode(a, forKey: .a)
            var list = fields.nestedUnkeyedContainer(forKey: .list)
            try list.encode(a)
            try list.encodeNil()
            var inner = list.nestedUnkeyedContainer()
            try inner.encode("inner")
            var last = list.nestedContainer(keyedBy: Keys.self)
            try last.encode(5, forKey: .a)
            try fields.encodeNil(forKey: .null)
        }
    }

    @Test("encode and decode need not mirror each other")
    func crooked() throws {
        try check(Crooked(a: 1, b: "x"), Crooked(a: 2, b: nil))
        try check([Crooked(a: 1, b: "x"), Crooked(a: 2, b: nil)])
    }

    class Base: Codable {
        var base: Int
        init(base: Int) { self.base = base }
    }
    final class Derived: Base {
        var own: String
        enum Keys: CodingKey { case own, `super` }
        init(base: Int, own: String) {
            self.own = own
            super.init(base: base)
        }
        required init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: Keys.self)
            let parent = try fields.superDecoder()
            own = try fields.decode(String.self, forKey: .own)
            try super.init(from: parent)
        }
        override func encode(to encoder: any Encoder) throws {
            var fields = encoder.container(keyedBy: Keys.self)
            try super.encode(to: fields.superEncoder())
            try fields.encode(own, forKey: .own)
        }
    }
    struct Wide: RemoteValue, Equatable {
        var base: Int
        var own: String
        init(base: Int, own: String) {
            self.base = base
            self.own = own
        }
        init(from decoder: any Decoder) throws {
            let object = try Derived(from: decoder)
            self.init(base: object.base, own: object.own)
        }
        func encode(to encoder: any Encoder) throws { try Derived(base: base, own: own).encode(to: encoder) }
    }

    /// Written by hand.
    struct Hand: RemoteValue, Equatable {
        var x: Int
        var y: String
        func write(to writer: ValueWriter) throws {
            x.write(to: writer)
            y.write(to: writer)
        }
        static func read(from reader: ValueReader) throws -> Hand { Hand(x: try .read(from: reader), y: try .read(from: reader)) }
    }

    /// Probes, as types for any value do.
    enum Anything: RemoteValue, Equatable {
        case nothing, int(Int), text(String), list([Anything]), map([String: Anything])
        init(from decoder: any Decoder) throws {
            if let single = try? decoder.singleValueContainer() {
                if single.decodeNil() {
                    self = .nothing
                    return
                }
                if let int = try? single.decode(Int.self) {
                    self = .int(int)
                    return
                }
                if let text = try? single.decode(String.self) {
                    self = .text(text)
                    return
                }
                if let list = try? single.decode([Anything].self) {
                    self = .list(list)
                    return
                }
                self = .map(try single.decode([String: Anything].self))
            } else {
                throw Plain()
            }
        }
        func encode(to encoder: any Encoder) throws {
            var single = encoder.singleValueContainer()
            switch self {
            case .nothing: try single.encodeNil()
            case .int(let int): try single.encode(int)
            case .text(let text): try single.encode(text)
            case .list(let list): try single.encode(list)
            case .map(let map): try single.encode(map)
            }
        }
    }

    @Test("types that probe find what was written, in bytes and in JSON")
    func probing() throws {
        let value = Anything.map(["a": .list([.int(1), .text("x"), .nothing]), "b": .nothing])
        try check(value, .nothing, .int(3), .text("t"))
        let json = try JSONValueEncoder.json(value)
        #expect(json.compact == #"{"a":[1,"x",null],"b":null}"#)
        #expect(try Anything(from: JSONValueDecoder(json)) == value)
    }

    @Test("a reader that was kept reads nothing")
    func keptReader() throws {
        final class Keeper { var decoder: (any Decoder)? }
        struct Keeping: RemoteValue {
            nonisolated(unsafe) static let keeper = Keeper()
            init() {}
            init(from decoder: any Decoder) throws { Self.keeper.decoder = decoder }
            func encode(to encoder: any Encoder) throws {
                var single = encoder.singleValueContainer()
                try single.encode(1)
            }
        }
        _ = try again(Keeping())
        let decoder = try #require(Keeping.keeper.decoder)
        #expect(throws: RayflowError.self) { try decoder.singleValueContainer().decode(Int.self) }
    }

    indirect enum Chain: RemoteValue { case end, link(Chain) }

    @Test("nesting is bounded, for writing and for reading")
    func depth() throws {
        func chain(_ length: Int) -> Chain { (0..<length).reduce(Chain.end) { chain, _ in .link(chain) } }
        _ = try again(chain(50))
        let error = #expect(throws: RayflowError.self) { try Payload(encoding: chain(5000)) }
        #expect(error?.code == .invalidArgument)
    }

    @Test("an array of values that write nothing is refused when it is written")
    func emptyElements() {
        struct Nothing: RemoteValue {
            func write(to writer: ValueWriter) {}
            static func read(from reader: ValueReader) -> Nothing { Nothing() }
        }
        #expect(throws: RayflowError.self) { try Payload(encoding: [Nothing()]) }
    }

    @Test("changed fields are told, not misread")
    func changedFields() throws {
        struct Old: RemoteValue { var a: Int }
        struct New: RemoteValue { var a: String }
        var payload = try Payload(encoding: Old(a: 1))
        payload.type = New._typeTag
        #expect(throws: RayflowError.self) { try payload.decode(New.self, in: nil) }
        payload.type = Point._typeTag
        #expect(throws: RayflowError.self) { try payload.decode(Point.self, in: nil) }
    }
}
