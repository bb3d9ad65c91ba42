/// Names an object that has not been brought to the driver. The number means something only to the evaluation's context.
package struct ValueRef: Hashable, Sendable {
    package var id: UInt64
    package init(id: UInt64) { self.id = id }
}
