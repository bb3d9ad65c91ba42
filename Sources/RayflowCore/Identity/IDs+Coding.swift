extension ByteWriter {
    public mutating func job(_ id: JobID) { u32(id.value) }
    public mutating func actor(_ id: ActorID) {
        u64(id.unique)
        u32(id.salt)
        u32(id.job.value)
    }
    public mutating func task(_ id: TaskID) {
        u64(id.unique)
        actor(id.actor)
    }
    public mutating func object(_ id: ObjectID) {
        task(id.task)
        u32(id.index)
    }
    public mutating func node(_ id: NodeID) { u64(id.value) }
    public mutating func lease(_ id: LeaseID) {
        u64(id.owner)
        u64(id.number)
    }
    public mutating func lineage(_ id: LineageID) {
        u64(id.high)
        u64(id.low)
    }
    public mutating func attempt(_ value: Attempt) {
        u32(value.epoch)
        u32(value.number)
    }
}

extension ByteReader {
    public mutating func job() throws(DecodingFault) -> JobID { JobID(try u32()) }
    public mutating func actor() throws(DecodingFault) -> ActorID { ActorID(unique: try u64(), salt: try u32(), job: JobID(try u32())) }
    public mutating func task() throws(DecodingFault) -> TaskID { TaskID(unique: try u64(), actor: try actor()) }
    public mutating func object() throws(DecodingFault) -> ObjectID { ObjectID(task: try task(), index: try u32()) }
    public mutating func node() throws(DecodingFault) -> NodeID { NodeID(try u64()) }
    public mutating func lease() throws(DecodingFault) -> LeaseID { LeaseID(owner: try u64(), number: try u64()) }
    public mutating func lineage() throws(DecodingFault) -> LineageID { LineageID(high: try u64(), low: try u64()) }
    public mutating func attempt() throws(DecodingFault) -> Attempt { Attempt(epoch: try u32(), number: try u32()) }
}
