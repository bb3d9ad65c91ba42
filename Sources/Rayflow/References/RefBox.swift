package import RayflowCore

/// One local count of an object, shared by all copies of a ref. The last copy's `deinit`, on any thread, gives it back to the engine.
package final class RefBox: Sendable {
    package let id: ObjectID
    package let cluster: Cluster

    /// Takes over the count with which the engine handed out the id.
    package init(adopting id: ObjectID, in cluster: Cluster) {
        self.id = id
        self.cluster = cluster
    }

    /// Adds a count: for ids met inside values.
    package init(retaining id: ObjectID, in cluster: Cluster) {
        cluster.engine.retain(id)
        self.id = id
        self.cluster = cluster
    }

    deinit { cluster.engine.release(id) }
}
