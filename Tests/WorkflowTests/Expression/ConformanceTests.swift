import RayflowCore
import Testing

@testable import Workflow

@Suite("GitHub's conformance cases", .enabled(if: ConformanceCase.isThere))
struct ConformanceTests {
    @Test("every case gives GitHub's value, or fails in the same stage with the same words")
    func all() throws {
        let cases = try ConformanceCase.load()
        #expect(cases.count >= 488)
        for entry in cases { check(entry) }
    }

    private func check(_ entry: ConformanceCase) {
        let outcome = Outcome(of: entry)
        if let error = entry.error {
            #expect(outcome.stage == error["kind"]?.stringValue, "\(entry)")
            let words = error["value"]?.stringValue ?? ""
            #expect(outcome.message?.contains(words) == true, "\(entry): \(outcome.message ?? "no error") instead of \(words)")
        } else {
            #expect(outcome.message == nil, "\(entry)")
            #expect(outcome.kind == entry.result?["kind"]?.stringValue, "\(entry)")
            #expect(outcome.value == entry.result?["value"], "\(entry): \(String(describing: outcome.value))")
        }
    }

    private struct Outcome {
        var stage: String?
        var message: String?
        var kind: String?
        var value: JSON?

        init(of entry: ConformanceCase) {
            do {
                let names = ExpressionNames(contexts: Set(entry.contexts.keys))
                let contexts = Dictionary(uniqueKeysWithValues: entry.contexts.map { ($0.key.lowercased(), Value($0.value)) })
                let value = try Expression.parse(entry.expression, names: names).evaluate(in: TestContext(contexts))
                kind = Self.kind(of: value)
                self.value = try value.json()
            } catch let error as ExpressionError {
                fail(error)
            } catch EvaluationFault.failed(let error) {
                fail(error)
            } catch {
                message = "\(error)"
            }
        }

        private mutating func fail(_ error: ExpressionError) {
            stage = "\(error.stage)"
            message = error.message
        }

        private static func kind(of value: Value) -> String {
            switch value {
            case .null: "Null"
            case .bool: "Boolean"
            case .number: "Number"
            case .string, .file: "String"
            case .array: "Array"
            case .object: "Object"
            case .ref: "Reference"
            }
        }
    }
}
