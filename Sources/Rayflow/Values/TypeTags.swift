import Synchronization

/// The names by which types are known in objects, computed once for each type.
///
/// A lookup is a hash and a load: reflection takes half a microsecond, and a lock would be taken by every call. Entries are never freed; there
/// is one for each type that ever travels.
package enum TypeTags {
    private final class Entry: Sendable {
        let key: ObjectIdentifier
        let tag: String
        init(key: ObjectIdentifier, tag: String) {
            self.key = key
            self.tag = tag
        }
    }

    private final class Slots: Sendable {
        let table: [Slot] = (0..<slotCount).map { _ in Slot() }
    }
    private final class Slot: Sendable { let entry = AtomicLazyReference<Entry>() }

    private static let slots = Slots()
    private static let slotCount = 1024
    /// A type that finds no place within this many slots is named anew each time.
    private static let probes = 16

    package static func tag<T>(of type: T.Type) -> String {
        let key = ObjectIdentifier(type)
        // Metadata is aligned, so its low bits say nothing.
        let start = Int(truncatingIfNeeded: UInt(bitPattern: key) >> 4 &* 0x9E37_79B9_7F4A_7C15 >> 32)
        for probe in 0..<probes {
            let slot = slots.table[(start &+ probe) & (slotCount - 1)]
            let entry = slot.entry.load() ?? slot.entry.storeIfNil(Entry(key: key, tag: compute(type)))
            if entry.key == key { return entry.tag }
        }
        return compute(type)
    }

    /// Of what a value turned out to be.
    package static func tag(ofInstance value: any Error) -> String {
        func open<T: Error>(_: T) -> String { tag(of: T.self) }
        return open(value)
    }

    private static func compute<T>(_ type: T.Type) -> String { stable(String(reflecting: type)) }

    /// Reflection names private types by an address, which differs from process to process. Counted from the image's start it does not.
    static func stable(_ name: String) -> String {
        let marker = "(unknown context at $"
        guard range(of: marker, in: name[...]) != nil else { return name }
        var stable = ""
        var rest = name[...]
        while let found = range(of: marker, in: rest) {
            stable += rest[..<found.lowerBound]
            let digits = rest[found.upperBound...].prefix { $0.isHexDigit }
            let address = UInt(digits, radix: 16) ?? 0
            stable += "(private at " + String(address &- UInt(bitPattern: #dsohandle), radix: 16)
            rest = rest[digits.endIndex...]
        }
        return stable + rest
    }

    private static func range(of marker: String, in text: Substring) -> Range<Substring.Index>? {
        var at = text.startIndex
        while at < text.endIndex {
            if text[at...].hasPrefix(marker) { return at..<text.index(at, offsetBy: marker.count) }
            at = text.index(after: at)
        }
        return nil
    }
}
