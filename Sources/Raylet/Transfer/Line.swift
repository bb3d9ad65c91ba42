/// Those that wait for their turn, in order. What has become of them meanwhile is looked up when their turn comes, so that leaving costs nothing.
struct Line<Entry: Sendable>: Sendable {
    private var entries: [Entry] = []
    private var start = 0

    var first: Entry? { start < entries.count ? entries[start] : nil }
    var all: ArraySlice<Entry> { entries[start...] }

    mutating func removeFirst() {
        start += 1
        if start == entries.count || start > TransferLimits.staleEntries && start * 2 > entries.count { keep { _ in true } }
    }

    /// - Parameters:
    ///   - live: how many can be waiting at most. When there are many more entries, those that no longer wait go.
    mutating func append(_ entry: Entry, live: Int, isLive: (Entry) -> Bool) {
        if entries.count > 2 * live + TransferLimits.staleEntries { keep(isLive) }
        entries.append(entry)
    }

    mutating func prepend(_ first: [Entry]) {
        entries.replaceSubrange(..<start, with: first)
        start = 0
    }

    private mutating func keep(_ isLive: (Entry) -> Bool) {
        entries = entries[start...].filter(isLive)
        start = 0
    }
}
