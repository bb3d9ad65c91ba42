internal import RayflowCore

/// RFC 6901: a path into a JSON value.
enum JSONPointer {
    /// What the pointer leads to.
    /// - Throws: how far it led, when there is nothing at its end.
    static func find(_ pointer: String, in json: JSON) throws(PointerFault) -> JSON {
        if pointer.isEmpty { return json }
        guard pointer.hasPrefix("/") else { throw PointerFault(what: "the pointer '\(pointer)' does not begin with '/'") }
        var value = json
        var walked = ""
        for part in pointer.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            let name = unescape(part)
            let place = walked.isEmpty ? "the top" : walked
            switch value {
            case .object(let members):
                guard let member = members[name] else { throw PointerFault(what: "there is no '\(name)' at \(place)") }
                value = member
            case .array(let elements):
                guard let index = index(name) else { throw PointerFault(what: "'\(name)' is no index of the list at \(place)") }
                guard index < elements.count else {
                    throw PointerFault(what: "the list at \(place) has \(elements.count) elements, and no index \(index)")
                }
                value = elements[index]
            default: throw PointerFault(what: "there is a \(value.kindName) at \(place), which has no '\(name)'")
            }
            walked += "/" + part
        }
        return value
    }

    private static func index(_ text: String) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), text == "0" || !text.hasPrefix("0") else { return nil }
        return Int(text)
    }

    private static func unescape(_ part: Substring) -> String {
        guard part.utf8.contains(UInt8(ascii: "~")) else { return String(part) }
        var text = ""
        var rest = part[...]
        while let character = rest.popFirst() {
            if character == "~", rest.first == "0" || rest.first == "1" {
                text.append(rest.removeFirst() == "0" ? "~" : "/")
            } else {
                text.append(character)
            }
        }
        return text
    }
}

struct PointerFault: Error, CustomStringConvertible {
    var what: String
    var description: String { what }
}
