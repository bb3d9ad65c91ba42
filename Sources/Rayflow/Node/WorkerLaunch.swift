internal import CLinux
internal import Glibc
package import ObjectStore
import Ownership
package import RayflowCore
package import Transport

/// What a worker process has to know at its start. Travels in one environment variable that is removed on reading.
package struct WorkerLaunch: Sendable {
    package static let variable = "RAYFLOW_WORKER"
    /// Numbers of the inherited descriptors.
    package static let socketFD: Int32 = 3, dataFD: Int32 = 4, controlFD: Int32 = 5

    package var process: UInt64
    package var node: NodeID
    package var job: JobID
    package var epoch: UInt32
    package var isDurable: Bool
    package var driver: Address
    package var cluster: UInt64
    package var token: ClusterToken
    package var nonce: SessionNonce
    package var session: String
    package var outputFolder: String
    package var parent: Int32
    /// The numbers of the GPUs that the process sees.
    package var devices: [UInt32] = []
    /// The process's page of the object store's control pages.
    package var page: UInt32?
    /// ``Ownership/OwnerInstance/outOfMemoryRetries`` of what the worker submits.
    package var taskOOMRetries = Ownership.Limits.outOfMemoryRetries

    package var text: String {
        var w = ByteWriter()
        w.u64(process)
        w.node(node)
        w.job(job)
        w.u32(epoch)
        w.bool(isDurable)
        w.address(driver)
        w.u64(cluster)
        w.blob(token.bytes)
        w.u64(nonce.high)
        w.u64(nonce.low)
        w.string(session)
        w.string(outputFolder)
        w.u32(UInt32(bitPattern: parent))
        w.list(devices) { $0.u32($1) }
        w.optional(page) { $0.u32($1) }
        w.u32(UInt32(bitPattern: taskOOMRetries))
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: w.bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    package init?(text: String) {
        let utf8 = Array(text.utf8)
        guard utf8.count % 2 == 0 else { return nil }
        func digit(_ byte: UInt8) -> UInt8? {
            switch byte {
            case 48...57: byte - 48
            case 97...102: byte - 87
            default: nil
            }
        }
        var bytes: [UInt8] = []
        for at in stride(from: 0, to: utf8.count, by: 2) {
            guard let high = digit(utf8[at]), let low = digit(utf8[at + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        var r = ByteReader(bytes)
        do {
            process = try r.u64()
            node = try r.node()
            job = try r.job()
            epoch = try r.u32()
            isDurable = try r.bool()
            driver = try r.address()
            cluster = try r.u64()
            guard let token = ClusterToken(bytes: try r.blob()) else { return nil }
            self.token = token
            nonce = SessionNonce(high: try r.u64(), low: try r.u64())
            session = try r.string()
            outputFolder = try r.string()
            parent = Int32(bitPattern: try r.u32())
            devices = try r.list(unit: 4) { (r) throws(DecodingFault) in try r.u32() }
            page = try r.optional { (r) throws(DecodingFault) in try r.u32() }
            taskOOMRetries = Int32(bitPattern: try r.u32())
            try r.finish()
        } catch { return nil }
    }

    package init(
        process: UInt64, node: NodeID, job: JobID, epoch: UInt32, isDurable: Bool, driver: Address, cluster: UInt64, token: ClusterToken,
        nonce: SessionNonce, session: String, outputFolder: String, parent: Int32
    ) {
        self.process = process
        self.node = node
        self.job = job
        self.epoch = epoch
        self.isDurable = isDurable
        self.driver = driver
        self.cluster = cluster
        self.token = token
        self.nonce = nonce
        self.session = session
        self.outputFolder = outputFolder
        self.parent = parent
    }
}
