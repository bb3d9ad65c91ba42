import RayflowCore
import Testing

@testable import Workflow

@Suite("Rayflow's functions")
struct FunctionTests {
    private let context = TestContext([
        "nested": [[1, 2], [3], 4, []], "rows": [["a", "b"], ["c", "d"]], "words": ["b", "a", "B", "a"], "numbers": [3, "1.5", true],
        "map": ["k": 1, "l": nil],
        "none": nil, "empty": [],
    ])

    @Test(
        "values",
        arguments: [
            ("range(3)", [0, 1, 2]), ("range(1, 3)", [1, 2]), ("range(5, 0, -2)", [5, 3, 1]), ("range(0)", []), ("range(-1)", []),
            ("range(3, 1)", []),
            ("range('2')", [0, 1]), ("len(words)", 4), ("len(map)", 2), ("len('é😀')", 2), ("len(empty)", 0),
            ("column(rows, 1)", ["b", "d"]),
            ("column(empty, 1)", []), ("keys(map)", ["k", "l"]), ("values(map)", [1, nil]), ("flatten(nested)", [1, 2, 3, 4]),
            ("zip(words, range(4))", [["b", 0], ["a", 1], ["B", 2], ["a", 3]]), ("zip(empty)", []),
            ("chunk(words, 3)", [["b", "a", "B"], ["a"]]),
            ("chunk(empty, 3)", []), ("sort(words)", ["B", "a", "a", "b"]), ("sort(fromJSON('[10, 9, -1]'))", [-1, 9, 10]),
            ("sort(empty)", []),
            ("unique(words)", ["b", "a", "B"]), ("unique(fromJSON('[[1],[1.0],{},{}]'))", [[1], [:]]), ("min(3, '2', 5)", 2),
            ("max(numbers)", 3),
            ("min(empty)", nil), ("sum(numbers)", 5.5), ("sum(empty)", 0), ("add(1, 2, 3)", 6), ("sub(1, '3')", -2), ("mul(2, 512)", 1024),
            ("div(7, 2)", 3.5), ("mod(7, 4)", 3), ("mod(-1, 4)", 3), ("mod(1, -4)", -3), ("mod(4, 2)", 0),
            ("format('{0}MiB', mul(3, 512))", "1536MiB"), ("basename('a/b.tar.gz')", "b.tar.gz"), ("basename('a/')", "a"),
            ("basename('/')", "/"),
            ("basename('x')", "x"), ("stem('a/b.tar.gz')", "b.tar"), ("stem('.bashrc')", ".bashrc"), ("stem('..')", ".."),
            ("ext('a/b.tar.gz')", ".gz"),
            ("ext('a.d/b')", ""), ("ext('.bashrc')", ""), ("ext('x.')", "."), ("dirname('a/b/c')", "a/b"), ("dirname('c')", "."),
            ("dirname('/c')", "/"),
            ("dirname('/')", "/"), ("dirname('a//b')", "a"), ("dirname('')", "."), ("lower('ÄB')", "äb"), ("upper('äb')", "ÄB"),
            ("trim(' \n a b\t')", "a b"),
            ("trim('  ')", ""), ("split('a,b,,c')", ["a", "b", "", "c"]), ("split('a\n\nb', '\n\n')", ["a", "b"]), ("split('')", []),
            ("split('abc', 'x')", ["abc"]), ("replace('a.b.c', '.', '::')", "a::b::c"), ("replace('aaa', 'aa', 'b')", "ba"),
            ("replace('a', 'b', 'c')", "a"), ("default(none, 1)", 1), ("default('', 1)", ""), ("default(none, none, false)", false),
            ("default(map.l, map.nothing, map.k)", 1), ("case(false, div(1, 0), 2)", 2), ("default(1, div(1, 0))", 1),
            ("join(split('a,b'))", "a,b"), ("contains('aaab', 'AAB')", true), ("endsWith('abc', 'BC')", true),
            ("endsWith('c', 'bc')", false),
            ("format('{{{0}}}', 1)", "{1}"), ("format('{0}{0}', words)", "ArrayArray"),
        ] as [(String, Value)])
    func values(text: String, value: Value) throws {
        #expect(try evaluate(text, context) == value)
    }

    @Test(
        "refusals",
        arguments: [
            ("range(1.5)", "range: a whole number wanted, got 1.5"), ("range(0, 1, 0)", "range: a step of 0"),
            ("range(1000001)", "range: 1000001 elements are more than the limit of 1000000"),
            ("range(-9007199254740992, 9007199254740992)", "range: 18014398509481984 elements are more than the limit of 1000000"),
            ("range(Infinity)", "range: a whole number wanted, got Infinity"), ("range(1e30)", "range: a whole number wanted, got 1e+30"),
            ("len(1)", "len: a list, map or text wanted, got a number"), ("len(none)", "len: a list, map or text wanted, got null"),
            ("column(rows, 2)", "column: no element 2 in list 0, which has 2 elements"),
            ("column(rows, -1)", "column: no element -1 in list 0, which has 2 elements"),
            ("column(words, 0)", "column: a list of lists wanted, got a string"), ("column(none, 0)", "column: a list wanted, got null"),
            ("keys(words)", "keys: a map wanted, got a list"),
            ("zip(words, empty)", "zip: lists of the same length wanted, got 4, 0 elements"),
            ("chunk(words, 0)", "chunk: a size of at least 1 wanted, got 0"),
            ("sort(numbers)", "sort: a list of numbers or a list of texts wanted, got a number in it"),
            ("sort('ba')", "sort: a list wanted, got a string"),
            ("add(1, none)", "add: numbers wanted, got null; say what to take instead with default(value, 0)"),
            ("add(1, 'x')", "add: numbers wanted, got 'x'"), ("add(1, '')", "add: numbers wanted, got a string"),
            ("sum(rows)", "sum: numbers wanted, got a list"), ("div(1, 0)", "div: division by zero"),
            ("mod(1, 0)", "mod: division by zero"),
            ("mul(1e300, 1e300)", "mul: the result is not a finite number"), ("lower(words)", "lower: text wanted, got a list"),
            ("split('a', '')", "split: an empty separator"), ("replace('a', '', 'b')", "replace: nothing to look for"),
            ("fromJSON(' ')", "fromJSON: empty input"),
            ("fromJSON('[1')", "Error parsing JSON when evaluating fromJson: 1:3: ',' or ']' wanted, found the end"),
            ("format('{0', 1)", "The following format string is invalid: {0"),
            ("format('{x}', 1)", "The following format string is invalid: {x}"),
            ("format('{99999999999999999999}', 1)", "The following format string is invalid: {99999999999999999999}"),
        ])
    func refusals(text: String, reason: String) {
        #expect(failure(text, context) == reason)
    }

    @Test("every function takes as many parameters as it says and never traps on values of any kind")
    func anything() throws {
        let operands = [
            "null", "true", "-1", "1e300", "NaN", "Infinity", "''", "'é{0}/.'", "map", "words", "rows", "fromJSON('[null, {}]')",
        ]
        for function in ExpressionFunction.all.values {
            for count in max(1, function.parameters.lowerBound)...min(3, max(1, function.parameters.upperBound)) {
                for first in operands {
                    for second in operands {
                        let arguments = [first, second, first].prefix(count).joined(separator: ", ")
                        _ = try? evaluate("\(function.name)(\(arguments))", context)
                    }
                }
            }
        }
    }
}
