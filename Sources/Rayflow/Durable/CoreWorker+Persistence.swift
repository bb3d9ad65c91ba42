internal import Glibc
import Journal
internal import ObjectStore
import Ownership
import RayflowCore
import Transport

// Results in shared memory, to files of the run folder and back.
extension CoreWorker {
    func persist(_ task: TaskID, _ ids: [ObjectID]) {
        guard let log, let folder = log.outputFolder else { return done(task) }
        let countdown = Countdown(ids.count)
        for id in ids {
            let finish: @Sendable () -> Void = { [weak self] in if countdown.isDown() { self?.done(task) } }
            guard case .stored(let nodes, let size, let refs, _)? = step({ owner, _ in owner.unpersistedState(of: id) }) else {
                finish()
                continue
            }
            let lineage = lineage(of: id)
            objects.open(id, owner: address, nodes: nodes, size: size, through: self) { [io] result in
                guard case .success(let mapped) = result else { return finish() }
                io.run {
                    // Without a file the result stays volatile: a resume computes it again.
                    let file = "\(lineage).obj"
                    let payload = mapped.payload
                    var writer = ByteWriter(reserving: payload.bytes.count + 256)
                    writer.payload(payload)
                    if (try? Files.writeAtomically("\(folder)/\(file)", writer.bytes, sync: true)) != nil {
                        log.persisted(
                            id, as: .persisted(file: file, size: size, digest: Digest128(of: writer.bytes), refs: refs))
                    }
                    finish()
                }
            }
        }
    }

    private func done(_ task: TaskID) { step { $0.persisted(task, now: self.loop.now, into: &$1) } }

    func load(_ task: TaskID, _ lineage: LineageID) {
        guard let log = log as? RunLog, let record = log.finished(lineage) else { return loaded(task, nil) }
        let folder = log.folder.outputs
        io.run { [self] in
            let recorded = record.inMemory(owner: address, as: task) { state, id in
                guard case .persisted(let file, let size, let digest, _) = state, !file.isEmpty, !file.contains("/"),
                    let bytes = try? Files.read("\(folder)/\(file)", atMost: Int(size) + (1 << 20)), Digest128(of: bytes) == digest
                else { return nil }
                var reader = ByteReader(bytes)
                guard let payload = try? reader.payload() else { return nil }
                return self.restore(payload, as: id)
            }
            loaded(task, recorded)
        }
    }

    /// Back into shared memory. On an IO thread: making room may take time.
    private func restore(_ payload: Payload, as id: ObjectID) -> ObjectState? {
        let origins = payload.refs.map { origin(of: $0) }
        let layout = ObjectLayout(payload)
        do {
            if let room = try objects.create(id, byteCount: layout.byteCount, through: self) {
                ObjectLayout.write(payload, into: room.memory)
                room.seal()
            }
        } catch { return nil }
        return .stored(nodes: [identity.node], size: UInt64(layout.byteCount), refs: payload.refs, origins: origins)
    }

    private func loaded(_ task: TaskID, _ recorded: OwnerInstance.Recorded?) {
        step { $0.loaded(task, recorded, now: self.loop.now, into: &$1) }
    }
}
