/// `journal-<epoch>-<index>.rfj`. The index counts all segments of a run from 1, over its epochs.
package struct SegmentName: Hashable, Sendable, Comparable, CustomStringConvertible {
    package var epoch: UInt32
    package var index: UInt32

    package init(epoch: UInt32, index: UInt32) {
        self.epoch = epoch
        self.index = index
    }

    /// nil for every other name, temporary ones among them.
    package init?(_ text: String) {
        let prefix = "journal-", suffix = ".rfj"
        guard text.hasPrefix(prefix), text.hasSuffix(suffix), text.utf8.count > prefix.utf8.count + suffix.utf8.count else { return nil }
        let numbers = text.dropFirst(prefix.count).dropLast(suffix.count).split(separator: "-", omittingEmptySubsequences: false)
        guard numbers.count == 2, let epoch = UInt32(numbers[0]), let index = UInt32(numbers[1]) else { return nil }
        self.init(epoch: epoch, index: index)
        guard description == text else { return nil }
    }

    package var description: String { "journal-\(Self.padded(epoch))-\(Self.padded(index)).rfj" }

    package static func < (a: SegmentName, b: SegmentName) -> Bool { (a.epoch, a.index) < (b.epoch, b.index) }

    private static func padded(_ value: UInt32) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, 6 - digits.utf8.count)) + digits
    }
}
