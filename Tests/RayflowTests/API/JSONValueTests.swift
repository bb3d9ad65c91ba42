import Rayflow
import RayflowCore
import Testing

@Suite("Values as JSON")
struct JSONValueTests {
    private func json<T: RemoteValue>(_ value: T) throws -> String { try JSONValueEncoder.json(value).compact }

    @Test("values are shown as JSON, dictionaries by key, sets by element")
    func encoding() throws {
        #expect(try json(Point(x: 1.5)) == #"{"x":1.5}"#)
        #expect(try json(Shape.rect(w: 1, h: 2)) == #"{"rect":{"w":1,"h":2}}"#)
        #expect(try json(Shape.none) == #"{"none":{}}"#)
        #expect(try json(Color.red) == #""red""#)
        #expect(try json([Int?.none, 2]) == "[null,2]")
        #expect(try json(["b": 1, "a": 2, "c": 3]) == #"{"a":2,"b":1,"c":3}"#)
        #expect(try json(Set(["b", "a", "c"])) == #"["a","b","c"]"#)
        #expect(try json([2: "x"]) == #"{"2":"x"}"#)
        #expect(try json(Done()) == "null")
        #expect(try json(RemoteFile("a")) == #""a""#)
        #expect(try json(UInt64.max) == "18446744073709551615" || json(UInt64.max).hasPrefix("1.8446744073709552e"))
        #expect(try json(Float(0.1)) == "0.1")
        #expect(try json(RemoteBuffer([1, 2] as [Int])) == "[1,2]")
        #expect(try json(ValueTests.Empty()) == "{}")
        #expect(try json([[Int]]()) == "[]")
        #expect(try json(["x": JSON.array([1])]) == #"{"x":[1]}"#)
        #expect(try json(ValueTests.Wide(base: 1, own: "x")) == #"{"super":{"base":1},"own":"x"}"#)
    }

    @Test("what was shown is read again")
    func roundTrip() throws {
        func check<T: RemoteValue & Equatable>(_ value: T) throws {
            #expect(try T(from: JSONValueDecoder(JSONValueEncoder.json(value))) == value)
        }
        try check(ValueTests.Scalars())
        try check(Shape.circle(r: 1))
        try check(["a": Set([1, 2])])
        try check([1: "x"])
        try check([Point(x: 1): "x", Point(x: 2): "y"])
        try check(ValueTests.Wide(base: 1, own: "x"))
        try check(JSON.object(["a": [1, nil]]))
        try check(Int?.none)
        #expect(try RemoteBuffer<Int>(from: JSONValueDecoder([1, 2])).elementsEqual([1, 2]))
    }

    @Test(
        "a mismatch names what was expected, what is there, and where",
        arguments: [
            (JSON.object(["x": "no"]), "Double expected, found the string \"no\" at .x"), ([:], ".x is missing"),
            (nil, "a map expected, found null"), ([1], "a map expected, found the list [1]"),
        ] as [(JSON, String)])
    func mismatch(_ json: JSON, _ message: String) {
        let error = #expect(throws: RayflowError.self) { try Point(from: JSONValueDecoder(json)) }
        #expect(error?.message == message)
    }

    @Test("numbers are read where they fit")
    func numbers() throws {
        #expect(try Double(from: JSONValueDecoder(3)) == 3)
        #expect(try Int(from: JSONValueDecoder(3.0)) == 3)
        #expect(throws: RayflowError.self) { try Int(from: JSONValueDecoder(3.5)) }
        #expect(throws: RayflowError.self) { try UInt8(from: JSONValueDecoder(256)) }
        #expect(throws: RayflowError.self) { try UInt(from: JSONValueDecoder(-1)) }
    }
}

extension Point: Hashable {
    func hash(into hasher: inout Hasher) { hasher.combine(x) }
}
