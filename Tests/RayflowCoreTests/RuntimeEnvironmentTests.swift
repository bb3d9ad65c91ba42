import RayflowCore
import Testing

@Suite("Runtime environments")
struct RuntimeEnvironmentTests {
    @Test("equal sets are equal, whatever their order; variables come sorted")
    func form() throws {
        let one = try RuntimeEnvironment(["B": "2", "A": "1", "A.B": "", "C": "x=y"])
        let two = try RuntimeEnvironment(["C": "x=y", "A.B": "", "A": "1", "B": "2"])
        #expect(one == two && one.hashValue == two.hashValue && !one.isNone)
        #expect(one.variables.map(\.name) == ["A", "A.B", "B", "C"])
        #expect(one.variables.map(\.value) == ["1", "", "2", "x=y"])
        #expect(one.description == "A, A.B, B, C", "values may be secrets")
        #expect(try RuntimeEnvironment([:]) == .none && RuntimeEnvironment.none.variables.isEmpty)
        #expect(try RuntimeEnvironment(["A": "1"]) < RuntimeEnvironment(["A": "2"]))
        #expect(try RuntimeEnvironment(["A": "1"]) != RuntimeEnvironment(["A": "1", "B": ""]))
    }

    @Test(
        "what no process can have is refused, with the name",
        arguments: [
            (["": "v"], "without a name"), (["A=B": "v"], "'A=B' holds a '='"), (["A\0B": "v"], "'AB' holds a zero byte"),
            (["A": "v\0"], "'A' holds a zero byte"), (["RAYFLOW_X": "v"], "'RAYFLOW_X' is reserved"),
        ])
    func refused(variables: [String: String], text: String) {
        do {
            _ = try RuntimeEnvironment(variables)
            Issue.record("\(variables) was taken")
        } catch {
            #expect(error.code == .runtimeEnvSetup && error.message.contains(text))
        }
    }

    @Test("the size is bounded, to the byte")
    func size() throws {
        let room = RuntimeEnvironment.largestSize - 3
        #expect(try RuntimeEnvironment(["A": String(repeating: "x", count: room)]).variables[0].value.utf8.count == room)
        #expect(throws: RayflowError.self) { try RuntimeEnvironment(["A": String(repeating: "x", count: room + 1)]) }
    }
}
