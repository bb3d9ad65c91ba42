import RayflowCore
import Testing

@testable import Workflow

@Suite("Fan-out")
struct FanOutTests {
    static let shards = """
        steps:
          plan: {run: x, outputs: {shards: {type: list<json>, from: stdout}}}
          shard:
            for-each: ${{ steps.plan.outputs.shards }}
            key: ${{ item.id }}
            with: {url: "${{ item.url }}", n: "${{ item-index }}", k: "${{ item-key }}"}
            run: x
            outputs: {score: {type: int, from: stdout}}
          total: {value: {sum: "${{ sum(steps.shard.outputs.score) }}"}}
        outputs: {total: "${{ steps.total.outputs.sum }}", all: "${{ steps.shard.outputs.score }}"}
        """
    static let items: Value = [["id": "a", "url": "u1"], ["id": "b/c", "url": "u2"]]

    @Test("the items come from a step's JSON, and outputs are lists in the order of the items")
    func dynamic() throws {
        var run = try RunHarness(Self.shards)
        run.finish("plan", ["shards": Self.items])
        #expect(run.runningPositions == ["shard[a]", "shard[b/c]"])
        #expect(try run.order("shard[b/c]").folder == "/run/attempts/shard[b%2Fc]/1")
        let environment = try run.environment("shard[b/c]")
        #expect(environment["INPUT_URL"] == "u2" && environment["INPUT_N"] == "1" && environment["INPUT_K"] == "b/c")
        #expect(environment["RAYFLOW_STEP_ID"] == "shard[b/c]")
        run.finish("shard[b/c]", ["score": 20])
        run.finish("shard[a]", ["score": 1])
        #expect(run.outputs == ["total": 21, "all": [1, 20]])
    }

    @Test("an empty list succeeds with empty lists")
    func empty() throws {
        var run = try RunHarness(Self.shards)
        run.finish("plan", ["shards": []])
        #expect(run.result == .success)
        #expect(run.outputs == ["total": 0, "all": []])
        #expect(run.instance.progress.total == 3)
        #expect(run.instance.progress.ended == 3)
    }

    @Test("two items with the same key are an error that names both")
    func duplicateKeys() throws {
        var run = try RunHarness(Self.shards)
        run.finish("plan", ["shards": [["id": "a"], ["id": "a"]]])
        #expect(run.result == .failure)
        #expect(run.outcome?.message.contains("items 0 and 1 of 'shard' have the same key 'a'") == true)
    }

    @Test("what is no list cannot be run over")
    func noList() throws {
        let run = try RunHarness(
            "inputs: {n: {type: json, default: 3}}\nsteps: {a: {for-each: \"${{ inputs.n }}\", run: x}}", inputs: ["n": 3])
        #expect(run.outcome?.message.contains("for-each needs a list or a map, found a number") == true)
    }

    @Test("a map runs over its members, with its keys as theirs")
    func map() throws {
        let run = try RunHarness("steps: {a: {for-each: {x: 1, y: 2}, with: {v: \"${{ item.value }}\"}, run: x}}")
        #expect(run.runningPositions == ["a[x]", "a[y]"])
        #expect(try run.environment("a[y]")["INPUT_V"] == "2")
    }

    @Test("max-parallel of the step bounds its own items only")
    func maxParallel() throws {
        var run = try RunHarness("steps: {a: {for-each: [1, 2, 3], max-parallel: 1, run: x}, b: {run: x}}")
        #expect(run.runningPositions == ["a[0]", "b"])
        run.finish("a[0]")
        #expect(run.runningPositions == ["a[1]", "b"])
        run.finish("a[1]")
        run.finish("a[2]")
        run.finish("b")
        #expect(run.result == .success)
    }

    @Test("a condition that mentions the item is asked of each; all skipped is skipped")
    func itemCondition() throws {
        let yaml =
            "steps: {a: {for-each: [0, 1], if: \"${{ item > 0 }}\", run: x, outputs: {v: {type: int, from: stdout}}}}\noutputs: {v: \"${{ steps.a.outputs.v }}\"}"
        var run = try RunHarness(yaml)
        #expect(run.runningPositions == ["a[1]"])
        #expect(run.status("a[0]") == .skipped)
        run.finish("a[1]", ["v": 9])
        #expect(run.outputs == ["v": [nil, 9]])
        #expect(try RunHarness("steps: {a: {for-each: [0, 0], if: \"${{ item > 0 }}\", run: x}}").status("a") == .skipped)
    }

    @Test("one failed item does not stop the others, and fails the step")
    func failedItem() throws {
        var run = try RunHarness("steps: {a: {for-each: [1, 2, 3], max-parallel: 1, run: x}, b: {needs: [a], run: x}}")
        run.fail("a[0]")
        run.finish("a[1]")
        run.finish("a[2]")
        #expect(run.status("a") == .failed)
        #expect(run.status("b") == .upstreamFailed)
        #expect(run.outcome?.message == "step 'a[0]' failed: exit code 1")
    }

    @Test("when another step fails, the items that have not begun are cancelled")
    func drained() throws {
        var run = try RunHarness("steps: {a: {for-each: [1, 2, 3], max-parallel: 1, run: x}, b: {run: x}}")
        run.fail("b")
        run.finish("a[0]")
        #expect(run.status("a[1]") == .cancelled)
        #expect(run.status("a") == .cancelled)
        #expect(run.result == .failure)
        let again = try RunHarness(
            "steps: {a: {for-each: [1, 2, 3], max-parallel: 1, run: x}, b: {run: x}}", world: run.world, after: run.records)
        #expect(again.runningPositions == ["a[1]", "b"])
    }

    @Test("reordered items with keys are not run again")
    func reordered() throws {
        var run = try RunHarness(Self.shards)
        run.finish("plan", ["shards": Self.items])
        run.finish("shard[a]", ["score": 1])
        run.fail("shard[b/c]")
        var again = try RunHarness(Self.shards.replacing("run: x, outputs: {shards", with: "run: y, outputs: {shards"), after: run.records)
        again.finish("plan", ["shards": [["id": "b/c", "url": "u2"], ["id": "a", "url": "u1"]]])
        #expect(again.status("shard[a]") == .running, "its item-index changed")
        let yaml = Self.shards.replacing(", n: \"${{ item-index }}\"", with: "")
        var third = try RunHarness(yaml)
        third.finish("plan", ["shards": Self.items])
        third.finish("shard[a]", ["score": 1])
        third.fail("shard[b/c]")
        var fourth = try RunHarness(yaml.replacing("run: x, outputs: {shards", with: "run: y, outputs: {shards"), after: third.records)
        fourth.finish("plan", ["shards": [["id": "b/c", "url": "u2"], ["id": "a", "url": "u1"]]])
        #expect(fourth.status("shard[a]") == .succeeded)
        #expect(try fourth.report("shard[a]").isReused)
    }
}

extension String {
    func replacing(_ text: String, with other: String) -> String {
        split(separator: text, omittingEmptySubsequences: false).joined(separator: other)
    }
}
