package import RayflowCore

// Streams: items of a task become objects of this owner while the task runs, and the consumer's pace is the producer's.
extension OwnerInstance {
    mutating func openStream(_ spec: TaskSpec) {
        streams[spec.id] = StreamState(window: spec.options.streamWindow, lineage: spec.lineage)
        expectItem(0, of: spec.id)
    }

    private mutating func expectItem(_ number: UInt32, of task: TaskID) {
        let lineage = streams[task]?.lineage ?? .none
        var entry = ObjectEntry(owner: address, lineage: lineage.isNone ? .none : lineage.result(Int(number) + 1))
        entry.localRefs = 1
        objects[.item(number, of: task)] = entry
    }

    /// The consumer wants the next item.
    package mutating func takeItem(of task: TaskID, into out: inout [OwnerDirective]) -> StreamStep {
        guard let stream = streams[task] else { return .ended }
        let id = ObjectID.item(stream.taken, of: task)
        guard stream.taken < stream.received else { return stream.isEnded ? .ended : .waits(for: id) }
        streams[task]?.taken += 1
        // Half a window at a time: the producer never stands still for want of a message, and not each item costs one.
        if stream.taken + 1 - stream.acknowledged >= max(1, stream.window / 2) { acknowledge(task, into: &out) }
        return .item(id)
    }

    private mutating func acknowledge(_ task: TaskID, into out: inout [OwnerDirective]) {
        guard let stream = streams[task], !stream.isEnded, let producer = stream.producer, let attempt = stream.attempt else { return }
        streams[task]?.acknowledged = stream.taken
        out.append(
            .send(.streamAck(StreamAck(task: task, attempt: attempt, taken: stream.taken, isClosed: stream.isClosed)), to: producer))
    }

    /// - Returns: false for an item that nobody reads, or that has come before.
    @discardableResult
    mutating func streamItem(_ m: StreamItem, from: Address, into out: inout [OwnerDirective]) -> Bool {
        guard let stream = streams[m.task], !stream.isClosed, tasks[m.task]?.spec.attempt == m.attempt else {
            // Of an attempt that is given up, or for nobody: it is not kept, and its producer must not wait.
            discard(m, into: &out)
            out.append(.send(.streamAck(StreamAck(task: m.task, attempt: m.attempt, taken: 0, isClosed: true)), to: from))
            return false
        }
        let isNewProducer = stream.attempt != m.attempt
        streams[m.task]?.producer = from
        streams[m.task]?.attempt = m.attempt
        let isNext = m.number == stream.received
        if isNext {
            adopt(m.moved, from: from, into: &out)
            streams[m.task]?.received += 1
            expectItem(m.number + 1, of: m.task)
            finish(.item(m.number, of: m.task), m.state, into: &out)
        } else {
            // Delivered by an earlier attempt.
            repeated(m, into: &out)
        }
        if isNewProducer, stream.taken > 0 { acknowledge(m.task, into: &out) }
        return isNext
    }

    /// The same item again: a large one is one more copy, if the item is still known.
    private mutating func repeated(_ m: StreamItem, into out: inout [OwnerDirective]) {
        let id = ObjectID.item(m.number, of: m.task)
        guard case .stored(let nodes, _, _, _) = m.state, case .stored? = objects[id]?.state else { return discard(m, into: &out) }
        for node in nodes { addLocation(id, node) }
    }

    private func discard(_ m: StreamItem, into out: inout [OwnerDirective]) {
        // What was to be handed over stays the producer's.
        let id = ObjectID.item(m.number, of: m.task)
        guard objects[id] == nil, case .stored(let nodes, _, _, _) = m.state else { return }
        for node in nodes { out.append(.send(.deleteObjects(DeleteObjects(objects: [id])), to: .raylet(of: node))) }
    }

    /// Nobody reads the stream any more: what was not taken is freed, and a producer that waits is told.
    package mutating func closeStream(of task: TaskID, into out: inout [OwnerDirective]) {
        guard let stream = streams[task], !stream.isClosed else { return }
        streams[task]?.isClosed = true
        tasks[task]?.retriesLeft = 0
        acknowledge(task, into: &out)
        if !stream.isEnded { withdraw(.item(stream.received, of: task), "nobody reads the stream any more", into: &out) }
        for number in stream.taken..<stream.received { release(.item(number, of: task), into: &out) }
        if stream.isEnded { streams[task] = nil }
    }

    /// The task has ended: what has arrived can still be taken.
    mutating func endStream(of task: TaskID, into out: inout [OwnerDirective]) {
        guard let stream = streams[task], !stream.isEnded else { return }
        streams[task]?.isEnded = true
        if stream.isClosed {
            streams[task] = nil
        } else {
            withdraw(.item(stream.received, of: task), "the stream has ended", into: &out)
        }
    }

    /// The item that was expected does not come.
    private mutating func withdraw(_ id: ObjectID, _ reason: String, into out: inout [OwnerDirective]) {
        finish(id, .failed(ErrorRecord(.objectLost, reason)), into: &out)
        release(id, into: &out)
    }

    /// A stream that ended well must have given as many items as it counted.
    func fault(ofStream spec: TaskSpec, _ states: [ObjectState]) -> ErrorRecord? {
        guard let stream = streams[spec.id], !stream.isClosed else { return nil }
        guard case .inline(let enclosed)? = states.first, let count = enclosed.payload.itemCount else {
            return ErrorRecord(.typeMismatch, "\(spec.function.name) is no stream in the worker's program")
        }
        guard count != stream.received else { return nil }
        let text =
            "attempt \(spec.attempt.number) of \(spec.function.name) gave \(count) items; \(stream.received) had been received before"
        return ErrorRecord(.streamNotDeterministic, text)
    }
}

extension Payload {
    /// The result of a stream: how many items there were.
    package init(itemCount: UInt32) {
        var writer = ByteWriter()
        writer.u32(itemCount)
        self.init(type: Self.itemCountTag, bytes: writer.bytes)
    }

    package var itemCount: UInt32? {
        guard type == Self.itemCountTag else { return nil }
        var reader = ByteReader(bytes)
        return try? reader.u32()
    }

    private static var itemCountTag: String { "rayflow.items" }
}
