import RayflowCore

extension Cluster {
    /// Puts an array of numbers that is written in place.
    ///
    /// What `fill` has not initialised is not part of the object. If there is no room, `fill` is not run and the ref fails.
    ///
    /// - Parameters:
    ///   - count: elements for which room is made.
    ///   - key: as for ``put(_:key:)``.
    /// - Throws: what `fill` throws; then there is no object.
    public func put<E: RemoteNumber, Failure: Error>(
        _: E.Type, count: Int, key: String? = nil, fill: (inout OutputSpan<E>) throws(Failure) -> Void
    ) throws(Failure) -> ObjectRef<RemoteBuffer<E>> {
        let type = [E]._typeTag
        let (size, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<E>.stride)
        guard count >= 0, !overflow, size <= Int.max - 4096 else {
            return failed(RayflowError(.invalidArgument, "put: \(count) elements of \(E.self)"))
        }
        let buffer: any PutBuffer
        do { buffer = try engine.reserve(ObjectLayout(type: type, bodyCount: Self.countBytes + size), key: key) } catch {
            return failed(error)
        }

        let offset = ObjectLayout(type: type, bodyCount: 0).bodyOffset + Self.countBytes
        let room = UnsafeMutableRawBufferPointer(rebasing: buffer.memory[offset..<offset + size]).bindMemory(to: E.self)
        let initialized: Int
        do throws(Failure) {
            var output = OutputSpan(buffer: room, initializedCount: 0)
            try fill(&output)
            initialized = output.finalize(for: room)
        } catch {
            buffer.abandon()
            throw error
        }
        let layout = ObjectLayout(type: type, bodyCount: Self.countBytes + initialized * MemoryLayout<E>.stride)
        writeHead(layout, count: initialized, into: buffer)
        do { return ObjectRef(RefBox(adopting: try buffer.seal(byteCount: layout.byteCount), in: self)) } catch { return failed(error) }
    }

    /// Before the elements stands their count.
    private static let countBytes = 8
    /// Smaller arrays are not worth a reservation.
    private static let smallestBulk = 64 << 10

    /// Copies a large array straight into the store; nil if it is not large.
    func putBulk(_ value: any BulkValue, type: String, key: String?) throws(RayflowError) -> ObjectID? {
        let byteCount = value.withBulkBytes(\.count)
        guard byteCount >= Self.smallestBulk else { return nil }
        let layout = ObjectLayout(type: type, bodyCount: Self.countBytes + byteCount)
        let buffer = try engine.reserve(layout, key: key)
        writeHead(layout, count: value.bulkCount, into: buffer)
        let elements = layout.bodyOffset + Self.countBytes..<layout.byteCount
        value.withBulkBytes { UnsafeMutableRawBufferPointer(rebasing: buffer.memory[elements]).copyMemory(from: $0) }
        return try buffer.seal(byteCount: layout.byteCount)
    }

    private func writeHead(_ layout: ObjectLayout, count: Int, into buffer: any PutBuffer) {
        layout.writeHeader(into: buffer.memory)
        buffer.memory.storeBytes(of: UInt64(count).littleEndian, toByteOffset: layout.bodyOffset, as: UInt64.self)
    }

    private func failed<E>(_ error: RayflowError) -> ObjectRef<RemoteBuffer<E>> {
        ObjectRef(RefBox(adopting: engine.putFailure(ErrorRecord(error)), in: self))
    }
}
