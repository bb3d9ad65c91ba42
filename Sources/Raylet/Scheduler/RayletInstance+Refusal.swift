import RayflowCore

// Workers whose program is not the driver's.
extension RayletInstance {
    /// A worker was turned away; `workerExited` follows. Another one of the same program would be turned away as well, so what waits for a
    /// worker of that job ends now.
    package mutating func workerRefused(process: UInt64, _ why: String, now: UInt64, into out: inout [RayletDirective]) {
        guard let worker = workers[process], worker.state == .starting else { return counters.unexpected += 1 }
        let text =
            "no worker of this program can serve the job: \(why). Build the driver and the program of the workers from the same sources, "
            + "with the same registry, and start the driver again"
        let error = ErrorRecord(.programMismatch, text, node: "\(node)")
        if let lease = worker.dedicated { reject(lease, error, into: &out) }
        for id in queue.leases {
            if let request = leases[id]?.request, request.job == worker.job, request.kind != .step { reject(id, error, into: &out) }
        }
        counters.refused += 1
    }
}
