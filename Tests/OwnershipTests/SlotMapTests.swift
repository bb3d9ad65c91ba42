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

    /// Few keys: the first page as it grows. Many: several pages.
    @Test("copies of it change independently of each other", arguments: [5, 40, 600, 2_000], UInt64(0)..<5)
    func independentCopies(keys: Int, seed: UInt64) {
        var random = SeededRandom(seed)
        var maps = Array(repeating: SlotMap<Int, [Int]>(), count: 3), models = Array(repeating: [Int: [Int]](), count: 3)
        for step in 0..<6_000 {
            let at = Int.random(in: 0..<3, using: &random), key = Int.random(in: 0..<keys, using: &random)
            switch Int.random(in: 0..<200, using: &random) {
            case 0:
                let from = Int.random(in: 0..<3, using: &random)
                (maps[at], models[at]) = (maps[from], models[from])
            case 1:
                // What is gone through is a copy, too.
                for (key, value) in maps[at] {
                    #expect(models[at][key] == value)
                    maps[at][key]?.append(step)
                    models[at][key]?.append(step)
                }
            case 2..<90: (maps[at][key], models[at][key]) = ([step], [step])
            case 90..<120:
                maps[at][key]?.append(step)
                models[at][key]?.append(step)
            case 120..<150:
                maps[at][key, default: []].append(step)
                models[at][key, default: []].append(step)
            default: #expect(maps[at].removeValue(forKey: key) == models[at].removeValue(forKey: key))
            }
        }
        for (map, model) in zip(maps, models) {
            #expect(Dictionary(uniqueKeysWithValues: map.map { ($0.key, $0.value) }) == model)
            #expect((0..<keys).allSatisfy { map[$0] == model[$0] })
        }
    }

    @Test("lets go of every value once", arguments: [7, 600, 1_500])
    func lifetimes(keys: Int) {
        var kept = Kept()
        var map = SlotMap<Int, Kept>(), copy: SlotMap<Int, Kept>? = nil
        for key in 0..<keys { map[key] = kept }
        copy = map
        for key in 0..<keys where key % 3 == 0 { map[key] = nil }
        for key in 0..<keys where key % 3 == 1 { map[key] = kept }
        #expect(copy?.count == keys && map.count == (0..<keys).count { $0 % 3 != 0 })
        copy = nil
        map = SlotMap()
        #expect(copy == nil && map.isEmpty)
        // Not inside the macro: it keeps what it shows.
        let isAlone = isKnownUniquelyReferenced(&kept)
        #expect(isAlone)
    }

    private final class Kept: Sendable {}

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
