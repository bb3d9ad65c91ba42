import Foundation
import RayflowCore
import Testing

@testable import Workflow

/// The YAML test suite, as far as it is there. What is valid YAML and refused all the same is listed by name.
@Suite("YAML test suite") struct YAMLSuiteTests {
    struct Case: Sendable, CustomStringConvertible {
        var id: String
        var yaml: [UInt8]
        var json: [UInt8]?
        var isError: Bool
        var description: String { id }
    }

    /// Refused on purpose: not part of the subset.
    static let outsideSubset: [DiagnosticCode: Set<String>] = [
        .tag: [
            "33X3", "565N", "57H4", "6JWB", "735Y", "74H7", "7FWL", "8MK2", "BU8L", "CUP7", "EHF6", "HMQ5", "L94M", "LE5A", "M5C3", "Z67P",
        ],
        .directive: ["6WLZ", "C4HZ", "CC74", "U3C3", "Z9M4"],
        .severalDocuments: ["9DXL", "JHB9", "RZT7"],
        .complexKey: ["4FJ6", "6PBE", "9MMW", "LX3P", "RZP5", "V9D5", "X38W"],
        .emptyFile: ["98YD"],
    ]

    /// Refused because libyaml, which reads YAML 1.1, does not know it: empty and multi-line implicit keys, colons in anchors and on lines
    /// of their own, tabs in front of tokens, reserved directives, bare documents.
    static let beyondLibyaml: Set<String> = [
        "2JQS", "2SXE", "4MUZ/00", "4MUZ/01", "4MUZ/02", "58MP", "6LVF", "7Z25", "96NN/00", "96NN/01", "9SA2", "CFD4", "DK95/00", "DK95/03",
        "DK95/04", "FP8R", "HWV9", "MUS6/05", "MUS6/06", "NHX8", "NJ66", "NKF9", "SM9W/01", "UT92", "VJP3/01", "W5VH", "Y2GN",
    ]

    static let cases: [Case] = {
        guard let folder = TestData.folder("yaml"), let paths = try? FileManager.default.subpathsOfDirectory(atPath: folder) else {
            return []
        }
        return paths.filter { $0.hasSuffix("/in.yaml") }.sorted().map { path in
            let id = String(path.dropLast("/in.yaml".count))
            func bytes(_ file: String) -> [UInt8]? {
                FileManager.default.contents(atPath: "\(folder)/\(id)/\(file)").map { [UInt8]($0) }
            }
            return Case(id: id, yaml: bytes("in.yaml") ?? [], json: bytes("in.json"), isError: bytes("error") != nil)
        }
    }()

    @Test("each case is read as the suite says, or refused by name", .enabled(if: !cases.isEmpty), arguments: cases)
    func suiteCase(_ test: Case) throws {
        let refusal = Self.outsideSubset.first { $0.value.contains(test.id) }?.key ?? (Self.beyondLibyaml.contains(test.id) ? .syntax : nil)
        do {
            let node = try YAMLParser.parse(SourceText(file: test.id, checking: test.yaml))
            #expect(!test.isError, "must be refused")
            #expect(refusal == nil, "listed as refused, but is read")
            if let json = test.json { #expect(node.json == (try JSON.parse(json))) }
        } catch let faults as Diagnostics {
            guard !test.isError else { return }
            #expect(faults.items.map(\.code) == [refusal], "\(faults)")
        }
    }

    @Test("every refused case is a case of the suite", .enabled(if: !cases.isEmpty))
    func names() {
        let names = Self.outsideSubset.values.reduce(Self.beyondLibyaml) { $0.union($1) }
        #expect(names.subtracting(Self.cases.map(\.id)).isEmpty)
    }
}
