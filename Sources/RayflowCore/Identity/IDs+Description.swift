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
extension NodeID: CustomStringConvertible { public var description: String { hex(value) } }
extension LeaseID: CustomStringConvertible { public var description: String { "\(hex(owner)).\(number)" } }
extension LineageID: CustomStringConvertible { public var description: String { hex(high) + hex(low) } }
extension Attempt: CustomStringConvertible { public var description: String { "\(epoch).\(number)" } }
