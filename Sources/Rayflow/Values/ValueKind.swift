/// What stands in an element or a single value, for types that probe (`try? decode(Int.self)`, then `String`).
enum ValueKind: UInt8 {
    case null = 0
    case bool, int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, float, double, string
    /// Anything else: read as the type that asks.
    case other = 255

    init<T>(of type: T.Type) {
        self =
            switch ObjectIdentifier(type) {
            case ObjectIdentifier(String.self): .string
            case ObjectIdentifier(Int.self): .int
            case ObjectIdentifier(Double.self): .double
            case ObjectIdentifier(Bool.self): .bool
            case ObjectIdentifier(Float.self): .float
            case ObjectIdentifier(UInt8.self): .uint8
            case ObjectIdentifier(Int32.self): .int32
            case ObjectIdentifier(Int64.self): .int64
            case ObjectIdentifier(UInt.self): .uint
            case ObjectIdentifier(UInt32.self): .uint32
            case ObjectIdentifier(UInt64.self): .uint64
            case ObjectIdentifier(Int8.self): .int8
            case ObjectIdentifier(Int16.self): .int16
            case ObjectIdentifier(UInt16.self): .uint16
            default: .other
            }
    }
}
