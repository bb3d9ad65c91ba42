public import Rayflow

/// A value of many shapes, with itself inside.
public struct Parcel: RemoteValue, Hashable {
    public enum Kind: String, Codable, Sendable { case small, large }
    public var kind: Kind
    public var names: [String: [Int?]]
    public var weights: Set<Double>
    public var inner: [Parcel]
    public init(_ kind: Kind, names: [String: [Int?]] = [:], weights: Set<Double> = [], inner: [Parcel] = []) {
        self.kind = kind
        self.names = names
        self.weights = weights
        self.inner = inner
    }
}

/// Tasks that give back what they were given, one for each type.
public enum Echoes {
    private static func echo<T: RemoteValue>(_ name: String, _: T.Type) -> RemoteFunction<T, Single<T>> where T.Resolved == T {
        RemoteFunction("echo.\(name)(x:)") { (x: T) in x }
    }

    public static let bool = echo("bool", Bool.self)
    public static let int = echo("int", Int.self)
    public static let int8 = echo("int8", Int8.self)
    public static let int32 = echo("int32", Int32.self)
    public static let uint8 = echo("uint8", UInt8.self)
    public static let uint64 = echo("uint64", UInt64.self)
    public static let float = echo("float", Float.self)
    public static let double = echo("double", Double.self)
    public static let string = echo("string", String.self)
    public static let optional = echo("optional", Int?.self)
    public static let bytes = echo("bytes", [UInt8].self)
    public static let nested = echo("nested", [[String?]].self)
    public static let table = echo("table", [String: [Int: [Float]]].self)
    public static let set = echo("set", Set<String>.self)
    public static let json = echo("json", JSON.self)
    public static let parcel = echo("parcel", Parcel.self)
    public static let parcels = echo("parcels", [String: [Parcel]].self)
}
