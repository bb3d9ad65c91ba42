public import RayflowCore

/// JSON travels as its text. As a whole object it has the JSON form, so a body with a typed parameter reads it too.
extension JSON: RemoteValue {
    public static var _typeTag: String { "JSON" }

    public func write(to writer: ValueWriter) { text(wholeDoubles: .withFraction).write(to: writer) }
    public static func read(from reader: ValueReader) throws -> JSON {
        do { return try JSON.parse(try String.read(from: reader)) } catch let fault as JSONFault { throw reader.corrupt("JSON: \(fault)") }
    }
}
