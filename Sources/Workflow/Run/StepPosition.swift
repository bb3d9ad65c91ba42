internal import RayflowCore

/// The name of a step, or of one item of its fan-out, within a run: `fetch` or `fetch[key]`.
package enum StepPosition {
    package static func item(of step: String, key: String) -> String { "\(step)[\(key)]" }

    /// The step's id.
    package static func step(of position: String) -> String {
        position.firstIndex(of: "[").map { String(position[..<$0]) } ?? position
    }

    /// The item's key, nil for a step without fan-out.
    package static func key(of position: String) -> String? {
        guard let open = position.firstIndex(of: "["), position.last == "]" else { return nil }
        return String(position[position.index(after: open)...].dropLast())
    }

    /// The name of an attempt in the journal, `position#n`.
    package static func attempt(_ position: String, _ number: Int) -> String { "\(position)#\(number)" }

    /// What ``attempt(_:_:)`` was made of.
    package static func parse(attempt name: String) -> (position: String, number: Int)? {
        guard let hash = name.lastIndex(of: "#"), let number = Int(name[name.index(after: hash)...]), number > 0 else { return nil }
        return (String(name[..<hash]), number)
    }

    /// A folder's name for the position: letters, digits, `.`, `_`, `-`, `[` and `]` stay, other bytes become `%XX`. One-to-one; what would
    /// be too long is cut and made unique by a digest.
    package static func folderName(_ position: String) -> String {
        var name: [UInt8] = []
        for (index, byte) in position.utf8.enumerated() {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "["), UInt8(ascii: "]"):
                name.append(byte)
            case UInt8(ascii: ".") where index > 0: name.append(byte)
            default: name += [UInt8(ascii: "%"), hexDigits[Int(byte >> 4)], hexDigits[Int(byte & 15)]]
            }
        }
        guard name.count > RunLimits.folderNameBytes else { return String(decoding: name, as: UTF8.self) }
        // A tilde never stands in a name that was not cut.
        let head = String(decoding: name.prefix(RunLimits.folderNameBytes - 33), as: UTF8.self)
        return "\(head)~\(Digest128(of: Array(position.utf8)))"
    }

    private static let hexDigits = Array("0123456789ABCDEF".utf8)

    /// Whether a selection of the command line, `S` or `S[key]`, means this position.
    package static func selection(_ selection: String, covers position: String) -> Bool {
        selection == position || selection == step(of: position)
    }
}
