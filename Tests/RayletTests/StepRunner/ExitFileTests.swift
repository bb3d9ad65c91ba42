import Glibc
import RayflowCore
import Testing

@testable import Raylet

@Suite("The exit file")
struct ExitFileTests {
    let record = ExitRecord(token: "run/1.2", attempt: Attempt(epoch: 1, number: 2), exit: StepMessageTests.exit)

    @Test("is read as it was written, and leaves nothing beside it")
    func roundTrip() throws {
        let folder = try TestFolder()
        #expect(ExitFile.read(in: folder.path) == nil)
        #expect(ExitFile.write(record, in: folder.path) == 0)
        #expect(ExitFile.read(in: folder.path) == record)
        #expect(folder.names == ["exit"])
    }

    @Test("that is torn at any byte counts as absent")
    func torn() throws {
        let folder = try TestFolder()
        let bytes = record.encoded()
        for count in bytes.indices {
            folder.write("exit", Array(bytes[..<count]))
            #expect(ExitFile.read(in: folder.path) == nil)
        }
    }

    @Test("with any bit flipped counts as absent")
    func corrupt() throws {
        let bytes = record.encoded()
        for bit in 0..<bytes.count * 8 {
            var altered = bytes
            altered[bit / 8] ^= 1 << (bit % 8)
            #expect(throws: DecodingFault.self) { try ExitRecord(altered) }
        }
    }

    @Test("that cannot be written says why and leaves the old one")
    func unwritable() throws {
        let folder = try TestFolder()
        #expect(ExitFile.write(record, in: folder.path + "/missing") == ENOENT)
        #expect(ExitFile.write(record, in: folder.path) == 0)
        mkdir(folder.path + "/exit.new", 0o755)
        #expect(ExitFile.write(record, in: folder.path) == EISDIR)
        #expect(ExitFile.read(in: folder.path) == record)
    }
}
