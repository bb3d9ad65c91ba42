import RayflowCLI

/// The functions of `wordcount-swift.yaml`: a program of its own with the command line of `rayflow`.
@main struct WordCountProgram: WorkflowApp {
    static let remotes = Registry(WordCount.map, WordCount.reduce, WordCount.top)
}

typealias Counts = [String: Int]

struct Entry: RemoteValue {
    var word: String
    var count: Int
}

enum WordCount {
    /// Counts one file; each partition's counts become an object of their own, of which only a reference travels.
    static let map = RemoteFunction("WordCount.map(file:partitions:)") { (file: RemoteFile, partitions: Int) in
        var parts = [Counts](repeating: [:], count: partitions)
        try Words.forEach(in: file.bytes()) { word in parts[Words.partition(of: word, among: partitions)][word, default: 0] += 1 }
        let ray = try Cluster.current
        return try parts.map { try ray.put($0) }
    }

    /// Adds up one partition of all files.
    static let reduce = RemoteFunction("WordCount.reduce(maps:partition:)") { (maps: [[ObjectRef<Counts>]], partition: Int) in
        var sum: Counts = [:]
        for counts in try await Cluster.current.get(maps.map { $0[partition] }) { sum.merge(counts, uniquingKeysWith: +) }
        return sum
    }

    /// The most frequent words of all partitions; those of equal count in the order of their letters.
    static let top = RemoteFunction("WordCount.top(partitions:count:) -> (total, distinct, top)") { (partitions: [Counts], count: Int) in
        let total = partitions.reduce(0) { $0 + $1.values.reduce(0, +) }
        let distinct = partitions.reduce(0) { $0 + $1.count }
        let entries = partitions.joined().map { Entry(word: $0.key, count: $0.value) }
            .sorted { $0.count != $1.count ? $0.count > $1.count : $0.word.utf8.lexicographicallyPrecedes($1.word.utf8) }
        return (total, distinct, Array(entries.prefix(count)))
    }
}

/// Words are maximal runs of the letters a to z, after ASCII capitals became small letters; every other byte separates them.
enum Words {
    static func forEach(in bytes: [UInt8], _ body: (String) -> Void) {
        var word: [UInt8] = []
        for byte in bytes {
            let small = byte | 0x20
            if (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(small), byte & 0xC0 == 0x40 {
                word.append(small)
            } else if !word.isEmpty {
                body(String(decoding: word, as: UTF8.self))
                word.removeAll(keepingCapacity: true)
            }
        }
        if !word.isEmpty { body(String(decoding: word, as: UTF8.self)) }
    }

    /// The same in every process and in every run, unlike `hashValue`.
    static func partition(of word: String, among count: Int) -> Int {
        var hash: UInt64 = 14_695_981_039_346_656_037
        for byte in word.utf8 { hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211 }
        return Int(hash % UInt64(max(count, 1)))
    }
}
