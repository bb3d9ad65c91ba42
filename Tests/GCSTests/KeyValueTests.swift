import RayflowCore
import Testing

@testable import GCS

@Suite("The key-value store of the GCS") struct KeyValueTests {
    private func put(_ key: String, _ value: [UInt8] = [1], _ namespace: String = "", overwrite: Bool = true) -> GCSOperation {
        .putKey(namespace: namespace, key: key, value: value, overwrite: overwrite)
    }

    @Test("a value is found under its key and namespace, listed by prefix, and gone when it is deleted") func life() {
        var bench = GCSBench()
        #expect(bench.ask(put("a/1", [1])) == .done(true))
        #expect(bench.ask(put("a/2", [2])) == .done(true))
        #expect(bench.ask(put("b", [3], "other")) == .done(true))
        #expect(bench.ask(.getKey(namespace: "", key: "a/2")) == .value([2]))
        #expect(bench.ask(.getKey(namespace: "", key: "b")) == .value(nil))
        #expect(bench.ask(.hasKey(namespace: "other", key: "b")) == .done(true))
        #expect(bench.ask(.listKeys(namespace: "", prefix: "a/", limit: 1)) == .keys(["a/1"], total: 2))
        #expect(bench.ask(.deleteKey(namespace: "", key: "a/1", isPrefix: false)) == .count(1))
        #expect(bench.ask(.deleteKey(namespace: "", key: "a/1", isPrefix: false)) == .count(0))
        #expect(bench.ask(put("a/3")) == .done(true))
        #expect(bench.ask(.deleteKey(namespace: "", key: "a/", isPrefix: true)) == .count(2))
        #expect(bench.ask(.hasKey(namespace: "other", key: "b")) == .done(true))
        #expect(bench.ask(.deleteKey(namespace: "other", key: "", isPrefix: true)) == .count(1))
        #expect(bench.gcs.keyValues.bytes == 0)
    }

    @Test("without overwriting the first value stands, and who asks twice with one request is told the same") func putIfAbsent() {
        var bench = GCSBench()
        #expect(bench.ask(put("k", [1], overwrite: false), request: 7) == .done(true))
        #expect(bench.ask(put("k", [1], overwrite: false), request: 7) == .done(true))
        #expect(bench.ask(put("k", [2], overwrite: false), request: 8) == .done(false))
        #expect(bench.ask(put("k", [2], overwrite: false), request: 7, from: GCSBench.other) == .done(false))
        #expect(bench.ask(.getKey(namespace: "", key: "k")) == .value([1]))
        #expect(bench.ask(put("k", [3])) == .done(true))
        #expect(bench.ask(.getKey(namespace: "", key: "k")) == .value([3]))
    }

    @Test("what is too large is refused with the limit, and changes nothing") func limits() {
        var bench = GCSBench()
        func message(_ result: GCSResult?) -> String { if case .failed(let error)? = result { error.message } else { "" } }
        #expect(message(bench.ask(put(String(repeating: "k", count: Limits.keyBytes + 1)))).contains("a key of 1025 bytes"))
        #expect(message(bench.ask(put("k", Array(repeating: 0, count: Limits.valueBytes + 1)))).contains("1048577 bytes"))
        for number in 0..<255 { bench.ask(put("\(number)", Array(repeating: 0, count: Limits.valueBytes))) }
        #expect(message(bench.ask(put("last", Array(repeating: 0, count: Limits.valueBytes)))).contains("full"))
        #expect(bench.ask(put("0", [])) == .done(true))
        #expect(bench.ask(put("last", Array(repeating: 0, count: Limits.valueBytes))) == .done(true))
        #expect(bench.gcs.keyValues.bytes <= Limits.keyValueBytes)
    }

    @Test("the values outlive the GCS that took them") func restart() {
        var bench = GCSBench(isStored: true)
        bench.ask(put("k", [1, 2], "n", overwrite: false), request: 7)
        bench.ask(put("gone"))
        bench.ask(.deleteKey(namespace: "", key: "gone", isPrefix: false))
        bench.restartGCS()
        #expect(bench.ask(.getKey(namespace: "n", key: "k")) == .value([1, 2]))
        #expect(bench.ask(.hasKey(namespace: "", key: "gone")) == .done(false))
        #expect(bench.ask(put("k", [1, 2], "n", overwrite: false), request: 7) == .done(true), "the answer may have been lost")
        #expect(bench.ask(.listKeys(namespace: "n", prefix: "", limit: 9)) == .keys(["k"], total: 1))
    }
}
