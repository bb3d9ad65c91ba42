package import RayflowCore

/// One row written or, without a value, removed.
package struct StoreChange: Hashable, Sendable {
    package var table: GCSTable
    package var key: [UInt8]
    package var value: [UInt8]?
    package init(table: GCSTable, key: [UInt8], value: [UInt8]?) {
        self.table = table
        self.key = key
        self.value = value
    }
}

/// All rows of a store.
package struct StoreContents: Hashable, Sendable {
    package private(set) var tables: [GCSTable: [[UInt8]: [UInt8]]] = [:]
    package init() {}

    package subscript(table: GCSTable) -> [[UInt8]: [UInt8]] { tables[table] ?? [:] }
    package var count: Int { tables.values.reduce(0) { $0 + $1.count } }
    package var isEmpty: Bool { count == 0 }

    package mutating func apply(_ changes: [StoreChange]) {
        for change in changes { tables[change.table, default: [:]][change.key] = change.value }
        for change in changes where tables[change.table]?.isEmpty == true { tables[change.table] = nil }
    }
}

/// Where the GCS keeps its tables, so that the next one finds them.
///
/// Writes are carried out in the order in which they are given, each wholly or not at all: a reader never sees half of one, and never a later
/// one without those before it. One GCS at a time uses a store.
package protocol StoreClient: AnyObject, Sendable {
    /// What was written so far.
    func load() throws(RayflowError) -> StoreContents
    /// - Parameter written: called once, on any thread (also before this returns), when the changes survive the death of this process, or never
    ///   will. After a failure nothing more is written.
    func write(_ changes: [StoreChange], written: @escaping @Sendable (Result<Void, RayflowError>) -> Void)
    /// Waits until what was given is written. Later writes fail with `shutDown`.
    func close()
}
