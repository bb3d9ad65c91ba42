import Glibc
import Journal
import Raylet
import RayflowCore
import Testing

@testable import Workflow

@Suite("Outputs of processes")
struct OutputTests {
    @Test("$RAYFLOW_OUTPUT holds name=value lines and here-documents")
    func outputFile() throws {
        let text = "a=1\r\n\nb=x=y<<z\nc<<EOF\nline 1\nd=no\n\nEOF\na=2\ne=\n"
        #expect(try OutputFile(Array(text.utf8)).values == ["a": "2", "b": "x=y<<z", "c": "line 1\nd=no\n", "e": ""])
        #expect(try OutputFile([]).values == [:])
        #expect(try OutputFile(Array("c<<E\nE".utf8)).values == ["c": ""])
    }

    @Test(
        "a line that is neither is an error with its number",
        arguments: [
            ("a=1\nnonsense", "line 2: 'name=value' or 'name<<WORD' expected, found 'nonsense'"),
            ("x<<EOF\n1\n2", "line 1: the value of 'x' is not ended by a line 'EOF'"),
            ("<<EOF\nEOF", "line 1: a name and a word belong around '<<'"),
            ("=1", "line 1: 'name=value' or 'name<<WORD' expected, found '=1'"),
        ])
    func badOutputFile(_ text: String, _ message: String) {
        #expect(throws: OutputFault(message)) { try OutputFile(Array(text.utf8)) }
    }

    @Test("a JSON pointer leads into lists and maps, and tells where it ended")
    func pointer() throws {
        let json: JSON = ["a": [10, ["b/c": 1, "~": 2]], "": 3]
        #expect(try JSONPointer.find("", in: json) == json)
        #expect(try JSONPointer.find("/a/0", in: json) == 10)
        #expect(try JSONPointer.find("/a/1/b~1c", in: json) == 1)
        #expect(try JSONPointer.find("/a/1/~0", in: json) == 2)
        #expect(try JSONPointer.find("/", in: json) == 3)
        for (pointer, message) in [
            ("/x", "there is no 'x' at the top"), ("/a/2", "the list at /a has 2 elements, and no index 2"),
            ("/a/01", "'01' is no index of the list at /a"), ("/a/0/x", "there is a int at /a/0, which has no 'x'"),
            ("a", "the pointer 'a' does not begin with '/'"),
        ] {
            do {
                _ = try JSONPointer.find(pointer, in: json)
                Issue.record("\(pointer) led somewhere")
            } catch {
                #expect(error.what == message)
            }
        }
    }

    private func parse(_ text: String, _ type: ValueType, pointer: String? = nil) throws -> Value {
        try OutputParsing.value(Array(text.utf8), type, pointer: pointer)
    }

    @Test("text loses the line breaks at its end, and numbers the blanks around them")
    func scalars() throws {
        #expect(try parse("a b\n\n", .string) == "a b")
        #expect(try parse(" 42\n", .int) == 42)
        #expect(try parse("-1.5e3", .float) == -1500)
        #expect(try parse("true\n", .bool) == true)
        #expect(try parse("{\"a\":[1]}", .json) == ["a": [1]])
        #expect(try parse("[1,2]", .list(.int)) == [1, 2])
        #expect(try parse("{\"a\":{\"b\":true}}", .json, pointer: "/a/b") == true)
        #expect(try parse("{\"a\":\"x\"}", .map(.string)) == ["a": "x"])
    }

    @Test(
        "what is of another type is an error that shows what was found",
        arguments: [
            ("abc", ValueType.int, "int expected, found 'abc'"), ("", .float, "float expected, found nothing"),
            ("yes", .bool, "bool expected, found 'yes'"), ("[1,\"x\"]", .list(.int), "element 1: int expected, found string \"x\""),
            ("{}", .list(.json), "list<json> expected, found map {}"),
            ("nope", .json, "JSON expected, found 'nope' (1:1: a value expected, found 'n')"),
        ])
    func wrongTypes(_ text: String, _ type: ValueType, _ message: String) throws {
        do {
            _ = try parse(text, type)
            Issue.record("'\(text)' was taken as \(type)")
        } catch let fault as OutputFault {
            if type == .json { #expect(fault.what.hasPrefix("JSON expected, found 'nope'")) } else { #expect(fault.what == message) }
        }
    }

    // MARK: Reading files

    private struct Folder: ~Copyable {
        let path: String
        init() throws {
            var template = Array("/tmp/rayflow-outputs-XXXXXX".utf8CString)
            let made = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) }
            path = String(cString: try #require(made))
        }
        func write(_ name: String, _ text: String) throws { try Files.writeAtomically("\(path)/\(name)", Array(text.utf8), sync: false) }
        deinit {
            for name in (try? Files.names(in: path)) ?? [] { unlink("\(path)/\(name)") }
            rmdir(path)
        }
    }

    private func order(_ folder: borrowing Folder, _ outputs: [OutputOrder]) -> ShellOrder {
        ShellOrder(
            position: "a", attempt: 1, arguments: [], environment: [], files: [], workdir: folder.path, isScratch: false, input: .none,
            folder: folder.path, timeout: nil, grace: .zero, resources: ResourceSet(), fingerprint: [], outputs: outputs)
    }

    private func message(_ folder: borrowing Folder, _ output: OutputOrder) -> String {
        do {
            return "value: \(try OutputReader.read(order(folder, [output])).values)"
        } catch {
            return error.what
        }
    }

    @Test("what is no regular file is refused at once: nobody writes the FIFO, and the device never ends")
    func irregular() throws {
        let folder = try Folder()
        let pipe = folder.path + "/pipe"
        try #require(mkfifo(pipe, 0o600) == 0)
        for output in [
            OutputOrder("o", .string, .content(written: "pipe", path: pipe)), OutputOrder("o", .file, .path(written: "pipe", path: pipe)),
            OutputOrder("o", .list(.file), .glob(pattern: "pipe", folder: folder.path)),
        ] {
            #expect(message(folder, output).hasSuffix("is a FIFO, not a regular file"))
        }
        let facts = LocalFacts(workflowFolder: folder.path, attemptsFolder: folder.path, environment: [])
        for (function, path, kind) in [
            ("hashFiles", "/dev/zero", "a device"), ("hashFiles", "pipe", "a FIFO"), ("file", "pipe", "a FIFO"),
            ("file", "/dev/null", "a device"),
        ] {
            do {
                _ = try facts.call(function, [.string(path)])
                Issue.record("\(path) was read")
            } catch { #expect("\(error)".contains("this file is \(kind), not a regular file")) }
        }
        #expect(LogTail.lines(of: pipe) == [])
    }

    @Test("outputs are read from standard output, the output file and files; files are noted with what they are")
    func reading() throws {
        let folder = try Folder()
        try folder.write("stdout.log", "hello\n")
        try folder.write("output", "n=7\n")
        try folder.write("p.json", "{\"x\":[1,2]}")
        let path = folder.path
        let read = try OutputReader.read(
            order(
                folder,
                [
                    OutputOrder("s", .string, .stdout), OutputOrder("n", .int, .outputFile),
                    OutputOrder("x", .list(.int), .content(written: "p.json", path: path + "/p.json"), pointer: "/x"),
                    OutputOrder("f", .file, .path(written: "p.json", path: path + "/p.json")),
                    OutputOrder("g", .list(.file), .glob(pattern: "*.json", folder: path)),
                    OutputOrder("none", .string, .outputFile, isOptional: true),
                    OutputOrder("def", .int, .content(written: "no", path: path + "/no"), defaultValue: 3),
                ]))
        #expect(read.values["s"] == "hello" && read.values["n"] == 7 && read.values["x"] == [1, 2])
        #expect(read.values["f"] == .file(path + "/p.json") && read.values["g"] == .list([.file(path + "/p.json")]))
        #expect(read.values["none"] == .null && read.values["def"] == 3)
        #expect(read.files.keys.sorted() == [path + "/p.json"])
    }

    @Test("a file that was not written is named with step and output, as written and as resolved")
    func notWritten() throws {
        let folder = try Folder()
        let path = folder.path
        #expect(
            message(folder, OutputOrder("top", .file, .path(written: "top.json", path: path + "/top.json")))
                == "output 'top' of step 'a', from 'top.json' (resolved to '\(path)/top.json'): output file not written")
        #expect(
            message(folder, OutputOrder("k", .string, .outputFile))
                == "output 'k' of step 'a', from $RAYFLOW_OUTPUT: not written; the step wrote nothing there")
        #expect(
            message(folder, OutputOrder("d", .file, .path(written: path, path: path))).hasSuffix(
                "is a folder, not a file; declare it as dir"))
    }

    @Test("an output that is too large to be held as a value says what to use instead")
    func tooLarge() throws {
        let folder = try Folder()
        try folder.write("stdout.log", "")
        truncate(folder.path + "/stdout.log", RunLimits.outputBytes + 1)
        #expect(message(folder, OutputOrder("s", .string, .stdout)).contains("declare it with type: file and path:"))
    }

    @Test("the same content has the same identity, other content another")
    func identity() throws {
        let folder = try Folder()
        try folder.write("a", "one")
        let first = FileIdentity.ofOutput(folder.path + "/a")
        try folder.write("a", "one")
        #expect(FileIdentity.ofOutput(folder.path + "/a") == first)
        try folder.write("a", "two")
        #expect(FileIdentity.ofOutput(folder.path + "/a") != first)
        #expect(FileIdentity.ofOutput(folder.path + "/b") == nil)
    }

    @Test("the tail of a log is its last fifty lines")
    func tail() throws {
        let folder = try Folder()
        try folder.write("stderr.log", (1...80).map { "line \($0)\n" }.joined())
        let lines = LogTail.lines(ofAttempt: folder.path)
        #expect(lines.count == 50 && lines.first == "line 31" && lines.last == "line 80")
        try folder.write("stderr.log", "")
        try folder.write("stdout.log", "only")
        #expect(LogTail.lines(ofAttempt: folder.path) == ["only"])
        #expect(LogTail.lines(of: folder.path + "/none") == [])
    }
}
