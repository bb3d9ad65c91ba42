/// 128 bits over the names and signatures of a program's registered functions. All zero: a process without functions, which fits any.
package struct FunctionDigest: Hashable, Sendable, BitwiseCopyable {
    package var high: UInt64
    package var low: UInt64
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
    package static let none = FunctionDigest(high: 0, low: 0)

    package func fits(_ other: FunctionDigest) -> Bool { self == other || self == .none || other == .none }
}
