import Ownership
import Testing

@Suite("A map whose values do not move")
struct SlotMapTests {
    @Test("holds what a dictionary holds after any insertions, changes and removals", arguments: 0..<20)
    func model(seed: UInt64) {
        var random = SeededRandom(seed)
        var map = SlotMap<Int, [Int]>(), model: [Int: [Int]] = [:]
        for step in 0..<4_000 {
            let key = Int.random(in: 0..<1_500, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: (map[key], model[key]) = ([step], [step])
            case 1: (map[key], model[key]) = (nil, nil)
            case 2:
                map[key]?.append(step)
                model[key]?.append(step)
            case 3:
                map[key, default: [0]].append(step)
                model[key, default: [0]].append(step)
            case 4: #expect(map.removeValue(forKey: key) == model.removeValue(forKey: key))
            default: #expect(map[key] == model[key])
            }
        }
        #expect(map.count == model.count && map.isEmpty == model.isEmpty)
        #expect(Dictionary(uniqueKeysWithValues: map.map { ($0.key, $0.value) }) == model)
        #expect(Set(map.keys) == Set(model.keys) && map.values.map(\.count).reduce(0, +) == model.values.map(\.count).reduce(0, +))
    }

    @Test("can be filled anew after it was emptied")
    func refilled() {
        var map = SlotMap<Int, Int>()
        for round in 0..<3 {
            for key in 0..<2_000 { map[key] = key + round }
            for key in 0..<2_000 { #expect(map.removeValue(forKey: key) == key + round) }
            #expect(map.isEmpty)
        }
    }

    @Test("a copy keeps its values when the original changes")
    func copies() {
        var map = SlotMap<Int, Int>()
        for key in 0..<600 { map[key] = key }
        let copy = map
        for key in 0..<600 { map[key] = nil }
        #expect(copy.count == 600 && copy[599] == 599 && map.isEmpty)
    }
}
