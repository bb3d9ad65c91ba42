import RayflowCore

/// A workflow of 200 shell steps, each of which appends its position to a log: the side effect by which a crash test counts.
///
/// Four layers of forty steps and one fan-out of ten items each. A step needs two of the layer before, every third takes the number of one
/// and prints the next, each fan-out gets a number of its layer. The outputs of the run depend on all of them.
struct LayeredWorkflow {
    static let layers = 4, width = 40, items = 10
    static let stepCount = layers * (width + items)

    let positions: Set<String>
    let text: String

    init(log: String) {
        var positions: Set<String> = []
        var lines = [
            "rayflow: 1", "name: layers", "env: {LOG: \(log)}", "defaults: {shell: sh -e, grace: 1s}", "steps:",
        ]
        for layer in 0..<Self.layers {
            for index in 0..<Self.width {
                lines += Self.step(layer, index)
                positions.insert(Self.name(layer, index))
            }
            lines += Self.fanOut(layer)
            positions.formUnion((0..<Self.items).map { "each\(layer)[\($0)]" })
        }
        lines.append("outputs:")
        for index in stride(from: 0, to: Self.width, by: 3) {
            lines.append("  n\(index): ${{ steps.\(Self.name(Self.layers - 1, index)).outputs.n }}")
        }
        for layer in 0..<Self.layers { lines.append("  sum\(layer): ${{ sum(steps.each\(layer).outputs.n) }}") }
        text = lines.joined(separator: "\n") + "\n"
        self.positions = positions
    }

    /// What comes out, whatever happens in between: each layer adds one to each number.
    static let outputs: JSON = {
        var outputs = JSONObject()
        for index in stride(from: 0, to: width, by: 3) { outputs["n\(index)"] = .int(index + layers) }
        for layer in 0..<layers { outputs["sum\(layer)"] = .int((0..<items).reduce(0, +) * (4 * layer + 1)) }
        return .object(outputs)
    }()

    private static let append = "echo \"$RAYFLOW_STEP_ID\" >> \"$LOG\""

    private static func name(_ layer: Int, _ index: Int) -> String { "s\(layer)x\(index)" }

    private static func step(_ layer: Int, _ index: Int) -> [String] {
        var lines = ["  \(name(layer, index)):"]
        let before = [index, (index + 7) % width].map { name(layer - 1, $0) }
        if layer > 0 { lines.append("    needs: [\(before.joined(separator: ", "))]") }
        guard index % 3 == 0 else { return lines + ["    run: \(append)"] }
        let number = layer == 0 ? "\(index)" : "\"${{ steps.\(before[0]).outputs.n }}\""
        return lines + [
            "    with: {n: \(number)}", "    run: |", "      \(append)", "      echo $((INPUT_N + 1))",
            "    outputs: {n: {type: int, from: stdout}}",
        ]
    }

    private static func fanOut(_ layer: Int) -> [String] {
        [
            "  each\(layer):", "    for-each: ${{ range(\(items)) }}",
            "    with: {item: \"${{ item }}\", n: \"${{ steps.\(name(layer, 3 * layer)).outputs.n }}\"}", "    run: |", "      \(append)",
            "      echo $((INPUT_ITEM * INPUT_N))", "    outputs: {n: {type: int, from: stdout}}",
        ]
    }
}
