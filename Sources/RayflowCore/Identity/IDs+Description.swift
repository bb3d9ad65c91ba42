/// Lower-case hexadecimal with leading zeros.
@inline(never)
package func hex(_ value: UInt64, digits: Int = 16) -> String {
    let text = String(value, radix: 16)
    return text.count >= digits ? text : String(repeating: "0", count: digits - text.count) + text
}

extension JobID: CustomStringConvertible { public var description: String { hex(UInt64(value), digits: 8) } }
extension ActorID: CustomStringConvertible {
    public var description: String { hex(unique) + hex(UInt64(salt), digits: 8) + job.description }
}
extension TaskID: CustomStringConvertible { public var description: String { hex(unique) + actor.description } }
extension ObjectID: CustomStringConvertible { public var description: String { task.description + hex(UInt64(index), digits: 8) } }
extension ObjectID {
    /// What ``description`` shows; nil for any other text.
    package init?(_ text: String) {
        let digits = Array(text.utf8)
        guard digits.count == 56 else { return nil }
        func number(_ range: Range<Int>) -> UInt64? { UInt64(String(decoding: digits[range], as: UTF8.self), radix: 16) }
        guard let unique = number(0..<16), let actor = number(16..<32), let salt = number(32..<40), let job = number(40..<48),
            let index = number(48..<56)
        else { return nil }
        self.init(
            task: TaskID(unique: unique, actor: ActorID(unique: actor, salt: UInt32(salt), job: JobID(UInt32(job)))), index: UInt32(index))
    }
}
extension NodeID: CustomStringConvertible { public var description: String { hex(value) } }
extension LeaseID: CustomStringConvertible { public var description: String { "\(hex(owner)).\(number)" } }
extension LineageID: CustomStringConvertible { public var description: String { hex(high) + hex(low) } }
extension Attempt: CustomStringConvertible { public var description: String { "\(epoch).\(number)" } }
