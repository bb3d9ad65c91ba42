import RayflowCore
import Testing

import struct Foundation.Data
import class Foundation.JSONDecoder
import class Foundation.JSONEncoder

@Suite("JSON values")
struct JSONTests {
    @Test("an object keeps the order of its members and is equal whatever the order is")
    func order() throws {
        let object = try JSON.parse(#"{"b":1,"a":2,"c":3}"#)
        #expect(object.objectValue?.keys == ["b", "a", "c"])
        #expect(object.compact == #"{"b":1,"a":2,"c":3}"#)
        #expect(object == ["a": 2, "c": 3, "b": 1])
        #expect(object.hashValue == JSON.object(["c": 3, "b": 1, "a": 2]).hashValue)
        #expect(object != ["a": 2, "b": 1])
    }

    @Test("of members with the same key the last wins, at the place of the first")
    func duplicates() throws {
        #expect(try JSON.parse(#"{"a":1,"b":2,"a":3}"#).compact == #"{"a":3,"b":2}"#)
    }

    @Test("members are found, set and removed below and above the count from which they are indexed", arguments: [1, 8, 9, 10, 100])
    func members(count: Int) {
        var object = JSONObject()
        for index in 0..<count { object["k\(index)"] = .int(index) }
        #expect(object.count == count)
        for index in 0..<count { #expect(object["k\(index)"] == .int(index)) }
        object["k0"] = nil
        object["none"] = nil
        #expect(object.count == count - 1)
        #expect(object["k0"] == nil)
        for index in 1..<max(count, 1) { #expect(object["k\(index)"] == .int(index)) }
        object["k0"] = .null
        #expect(object["k0"] == .null)
        #expect(object.keys.last == "k0")
    }

    @Test("a number is equal to itself, whole or double")
    func numbers() throws {
        #expect(JSON.int(1) == .double(1))
        #expect(JSON.int(1).hashValue == JSON.double(1).hashValue)
        #expect(JSON.int(0) == .double(-0.0))
        #expect(JSON.double(0).hashValue == JSON.double(-0.0).hashValue)
        #expect(JSON.int(.max) != .double(0x1p63))
        #expect(JSON.double(.nan) == .double(.nan))
        #expect(try JSON.parse("[1, -0, 0.5, 1e3, -2E-2]") == [1, 0, 0.5, 1000, -0.02])
        #expect(JSON.double(3).intValue == 3)
        #expect(JSON.double(3.5).intValue == nil)
    }

    @Test("an integer that does not fit becomes a double")
    func bigIntegers() throws {
        let value = try JSON.parse("[9223372036854775807, 9223372036854775808, -9223372036854775808, -9223372036854775809]")
        guard case .array(let elements) = value else { return #expect(Bool(false)) }
        #expect(elements.map(\.kindName) == ["int", "float", "int", "float"])
        #expect(elements[1].doubleValue == 0x1p63)
    }

    @Test("escapes and surrogate pairs become characters")
    func escapes() throws {
        #expect(try JSON.parse(#""\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00é😀""#) == "\"\\/\u{8}\u{c}\n\r\tAé😀é😀")
    }

    @Test(
        "a fault says what and where",
        arguments: [
            ("", "1:1: a value wanted, found the end"),
            ("  ", "1:3: a value wanted, found the end"),
            ("[1,\n 2 3]", "2:4: ',' or ']' wanted, found '3'"),
            ("[1] x", "1:5: the end wanted, found 'x'"),
            (#"{"é": tru}"#, "1:7: a value wanted, found 't'"),
            (#"{a: 1}"#, "1:2: a key in quotes wanted, found 'a'"),
            (#"{"a" 1}"#, "1:6: ':' wanted, found '1'"),
            ("[1,]", "1:4: a value wanted, found ']'"),
            (#"{"a":1,}"#, "1:8: a key in quotes wanted, found '}'"),
            ("01", "1:2: the end wanted, found '1'"),
            ("-", "1:2: a digit wanted, found the end"),
            ("1.", "1:3: a digit wanted, found the end"),
            (".5", "1:1: a value wanted, found '.'"),
            ("1e", "1:3: a digit wanted, found the end"),
            ("+1", "1:1: a value wanted, found '+'"),
            ("1e999", "1:1: a number beyond the range of a double"),
            ("NaN", "1:1: a value wanted, found 'N'"),
            (#""abc"#, "1:1: a string without its closing quote"),
            (#""a\x""#, "1:3: an unknown escape"),
            (#""\u12g4""#, "1:6: a hexadecimal digit wanted, found 'g'"),
            (#""\ud800""#, "1:2: half of a surrogate pair"),
            (#""\ud800\u0041""#, "1:2: half of a surrogate pair"),
            (#""\udc00""#, "1:2: half of a surrogate pair"),
            ("\"a\nb\"", "1:3: a control character in a string; write \\u000a"),
            ("nul", "1:1: a value wanted, found 'n'"),
            ("nullx", "1:5: the end wanted, found 'x'"),
        ])
    func faults(text: String, message: String) {
        #expect { try JSON.parse(text) } throws: { String(describing: $0) == message }
    }

    @Test("bytes that are not UTF-8 are a fault")
    func notUnicode() {
        #expect(throws: JSONFault.self) { try JSON.parse([0x22, 0xFF, 0x22]) }
        #expect(throws: JSONFault.self) { try JSON.parse([0xFF]) }
    }

    @Test("the fault's offset counts bytes and its column characters")
    func offsets() throws {
        let fault = try #require(throws: JSONFault.self) { try JSON.parse("\n[\"😀\" x]") }
        #expect(fault.offset == 9)
        #expect(fault.line == 2)
        #expect(fault.column == 6)
    }

    @Test("nesting is read to the limit and refused beyond it")
    func depth() {
        func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        #expect(throws: Never.self) { try JSON.parse(nested(JSONLimits.depth)) }
        #expect(throws: JSONFault.self) { try JSON.parse(nested(JSONLimits.depth + 1)) }
        #expect(throws: JSONFault.self) { try JSON.parse(String(repeating: "[", count: 1_000_000)) }
        #expect(throws: JSONFault.self) { try JSON.parse(nested(3), depth: 2) }
    }

    @Test("cut or changed text never traps")
    func damaged() {
        let text = Array(#" {"a": [1, -2.5e+3, true, false, null, "x\u00e9\n\ud83d\ude00"], "b": {"c": {}}} "#.utf8)
        for end in 0..<text.count { _ = try? JSON.parse(text[..<end]) }
        for index in text.indices {
            for byte in [0, 0x22, 0x5C, 0x5B, 0x7D, 0x80, 0xFF] as [UInt8] {
                var changed = text
                changed[index] = byte
                _ = try? JSON.parse(changed)
            }
        }
    }

    @Test("text is escaped where JSON asks for it and nowhere else")
    func printedText() {
        #expect(JSON.string("\"\\/\u{8}\u{c}\n\r\t\u{1}\u{1f}\u{7f}é😀").compact == #""\"\\/\b\f\n\r\t\u0001\u001f"# + "\u{7f}é😀\"")
    }

    @Test("a double has the shortest form that reads back, NaN and infinities become null")
    func printedNumbers() throws {
        #expect(JSON.array([0.1, 1e300, 1.5e-9, 12.0, -0.0]).compact == "[0.1,1e+300,1.5e-09,12,0]")
        #expect(JSON.array([.double(.nan), .double(.infinity), .double(-.infinity)]).compact == "[null,null,null]")
        #expect(JSON.double(2).text(wholeDoubles: .withFraction) == "2.0")
        for value in [0.1, 1.0 / 3, .pi, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 0x1p63, 0x1p53] as [Double] {
            #expect(try JSON.parse(JSON.double(value).compact).doubleValue == value)
        }
    }

    @Test("pretty text nests by two spaces and keeps empty containers on one line")
    func pretty() {
        let value: JSON = ["a": [1, [], ["x": nil]], "b": [:]]
        #expect(value.pretty() == "{\n  \"a\": [\n    1,\n    [],\n    {\n      \"x\": null\n    }\n  ],\n  \"b\": {}\n}")
    }

    @Test("the canonical form sorts keys by bytes and does not tell doubles from integers")
    func canonical() {
        let value: JSON = ["é": 1, "z": ["b": 1.0, "a": "x"], "B": 2]
        #expect(String(decoding: value.canonical, as: UTF8.self) == #"{"B":2,"z":{"a":"x","b":1},"é":1}"#)
        #expect(JSON.object(["a": 1, "b": 2]).canonical == JSON.object(["b": 2.0, "a": 1.0]).canonical)
    }

    @Test("what is printed reads back equal")
    func roundTrip() throws {
        let value: JSON = ["text": "a\u{0}\"😀", "list": [nil, true, -3, 0.25, ["deep": [[], [:]]]], "": 1e100]
        #expect(try JSON.parse(value.compact) == value)
        #expect(try JSON.parse(value.pretty(indent: 4)) == value)
        #expect(try JSON.parse(value.canonical) == value)
    }

    @Test("values pass through a coder of somebody else")
    func codable() throws {
        let value: JSON = ["n": nil, "b": true, "i": 3, "d": 0.5, "s": "x", "a": [1, "2", [:]], "o": ["k": []]]
        let bytes = try JSONEncoder().encode(value)
        #expect(try JSON.parse(bytes) == value)
        #expect(try JSONDecoder().decode(JSON.self, from: bytes) == value)
    }
}
