import Glibc
@testable import Journal
import Synchronization
import Testing

@Suite("The run folder")
struct RunFolderTests {
    private let temporary = TemporaryFolder()

    @Test("the home is found as git finds its folder, and made in the current folder otherwise")
    func finding() throws {
        let deep = try temporary.folder("a/b/c")
        func find(_ explicit: String? = nil, _ variable: String? = nil, from folder: String = deep) throws -> String {
            try RunHome.find(explicit: explicit, variable: variable, from: folder).path
        }
        #expect(try find() == "\(deep)/.rayflow")
        let above = try temporary.folder("a/.rayflow")
        #expect(try find() == above)
        #expect(try find(from: "\(temporary.path)/a") == above)
        #expect(try find("", "") == above)
        #expect(try find(nil, "/elsewhere") == "/elsewhere")
        #expect(try find("/given", "/elsewhere") == "/given")
        #expect(try find("given") == "\(deep)/given")
        let nearest = try temporary.folder("a/b/.rayflow")
        #expect(try find() == nearest)
        #expect(try find(from: "/") == "/.rayflow")
        #expect(!Files.exists("\(deep)/.rayflow"))
    }

    @Test("a file in the place of the home is a fault")
    func fileAsHome() throws {
        try Files.writeAtomically("\(temporary.path)/.rayflow", [1], sync: false)
        let fault = try #require(throws: JournalFault.self) { try RunHome.find(explicit: nil, variable: nil, from: temporary.path) }
        #expect(fault.code == .notAFolder && fault.path == "\(temporary.path)/.rayflow")
        let made = try #require(throws: JournalFault.self) { try RunHome(path: "\(temporary.path)/.rayflow").makeRun(name: nil) }
        #expect(made.code == .notAFolder)
    }

    @Test("new runs have their folders and ids that sort in the order of the starts")
    func making() throws {
        let home = RunHome(path: "\(temporary.path)/.rayflow")
        #expect(try home.runs().isEmpty)
        let made = try (0..<40).map { try home.makeRun(name: $0 % 2 == 0 ? "Word Count!" : nil) }
        #expect(try home.runs() == made)
        #expect(made[0].id.hasSuffix("-word-count"))
        #expect(made[1].id.utf8.count == 9)
        for folder in [made[0].journal, made[0].logs, made[0].attempts, made[0].outputs] { #expect(Files.isFolder(folder)) }
        mkdir("\(home.path)/runs/notes", 0o755)
        #expect(try home.runs() == made)
    }

    @Test("an id, a unique prefix or latest names a run; anything else is a typed fault")
    func resolving() throws {
        let home = RunHome(path: "\(temporary.path)/.rayflow")
        let none = try #require(throws: JournalFault.self) { try home.resolve("latest") }
        #expect(none.code == .noSuchRun)
        for id in ["0v3k9qdaa-one", "0v3k9qdab", "0v4zzzz00-two"] { try Files.makeFolder("\(home.path)/runs/\(id)") }
        #expect(try home.resolve("latest").id == "0v4zzzz00-two")
        #expect(try home.resolve("0v4").id == "0v4zzzz00-two")
        #expect(try home.resolve("0V4Z").id == "0v4zzzz00-two")
        #expect(try home.resolve("0v3k9qdaa").id == "0v3k9qdaa-one")
        #expect(try home.resolve("0v3k9qdab").id == "0v3k9qdab")
        let ambiguous = try #require(throws: JournalFault.self) { try home.resolve("0v3") }
        #expect(ambiguous.code == .ambiguousRun && ambiguous.candidates == ["0v3k9qdaa-one", "0v3k9qdab"])
        for text in ["", "zz", "..", "../runs/0v4zzzz00-two", "0v3k9qdab-x"] {
            let fault = try #require(throws: JournalFault.self) { try home.resolve(text) }
            #expect(fault.code == .noSuchRun)
        }
    }

    @Test("an id is the time, two random digits and the workflow's name in plain letters")
    func ids() {
        let start: UInt64 = 1_735_689_600 * 1_000_000_000
        func make(_ name: String?, _ after: String? = nil, _ time: UInt64, _ random: UInt32 = 0) -> String {
            RunID.make(name: name, after: after, wallTime: time, random: random)
        }
        #expect(make("wordcount", nil, start + 1_000_000_000, 33) == "000001011-wordcount")
        #expect(make(nil, nil, start + 31_250_000) == "000000100")
        #expect(make("  Größe/../x  ", nil, start) == "000000000-gr-e-x")
        #expect(make("äöü", nil, start) == "000000000")
        #expect(make(String(repeating: "a", count: 99), nil, start) == "000000000-" + String(repeating: "a", count: 24))
        #expect(make(nil, "000000500", start) == "000000600", "the clock went back")
        #expect(make(nil, "zzzzzzz00", start) == "000000000", "no room behind the last id")
        #expect(make(nil, nil, 0) == "000000000")
        for id in ["000000000", "0v3k9qd7m-wordcount"] { #expect(RunID.isValid(id)) }
        for id in ["", "00000000", "0000000000", "000000000-", "00000000u", "0000000-0", "000000000-" + String(repeating: "a", count: 60)] {
            #expect(!RunID.isValid(id), "\(id)")
        }
    }

    @Test("a file is written whole or not at all, and its folder keeps no temporary names")
    func atomicFiles() throws {
        let path = "\(temporary.path)/plan.json"
        for content: [UInt8] in [[], [1, 2, 3], [UInt8](repeating: 5, count: 300_000)] {
            try Files.writeAtomically(path, content, sync: true)
            #expect(try Files.read(path, atMost: 1 << 20) == content)
        }
        let tooLarge = try #require(throws: JournalFault.self) { try Files.read(path, atMost: 299_999) }
        #expect(tooLarge.code == .tooLarge)
        #expect(try Files.read(path, atMost: 300_000).count == 300_000)
        let missing = try #require(throws: JournalFault.self) { try Files.writeAtomically("\(temporary.path)/none/x", [], sync: true) }
        #expect(missing.code == .missing)
        #expect(throws: JournalFault.self) { try Files.writeAtomically(temporary.path, [1], sync: true) }
        #expect(try Files.names(in: temporary.path) == ["plan.json"])
    }
}
