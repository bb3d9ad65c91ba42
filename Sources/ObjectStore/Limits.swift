/// The limits of the object store, in bytes unless the name says otherwise.
package enum StoreLimits {
    /// Address space is populated and given back in steps of this size.
    package static let slabSize = 64 << 20
    /// 256 GiB of address space with slabs of the default size.
    package static let maximumSlabCount = 4096
    /// Share of RAM, or of the cgroup's limit when that is less, that the arena takes at most.
    package static let percentOfMemory = 30
    /// Memory that populating a slab leaves available, or a tenth of all memory when that is less.
    package static let memoryKeptFree = 256 << 20
    /// While puts go on, another slab is populated when less than this part of a slab is free.
    package static let headroomDivisor = 2

    /// Offsets and reserved sizes are multiples of this: a cache line, and the alignment of every vector type.
    package static let granule = 64
    package static let pageSize = 4096
    /// From here on objects begin and end on page boundaries, so that the writable range of one never covers another.
    package static let pageAlignedFrom = 64 << 10

    /// Part of the arena's slabs, in percent, that a process keeps open for its next puts. Page tables cost 0.2 % of what it has written to.
    package static let writableSlabPercent = 50
    /// Ticks of about a second for which a slab has not been needed before it is given back: who puts again gets it populated.
    package static let idleSlabTicks = 5

    /// Entries of the index, so objects of a node that are in shared memory at the same time.
    package static let maximumSlotCount = 1 << 16
    /// The index has a slot for each this many bytes of the arena: the size from which objects are stored there.
    package static let bytesPerSlot = 100 << 10
    package static let minimumSlotCount = 1 << 10
    /// Buckets of the index by object, for each slot, and how many of them one object may lie in. An object that finds them all taken is
    /// opened by message.
    package static let bucketsPerSlot = 2
    package static let bucketReach = 16
    /// Looks at an entry that changes meanwhile, before the raylet is asked.
    package static let indexLooks = 3
    /// Processes with a pin page of their own at the same time; further ones pin by message.
    package static let maximumProcessCount = 1024
    /// Objects that one process pins by its page at the same time; further pins go by message.
    package static let pinsPerProcess = 504
    /// Creations that wait for a slab at the same time.
    package static let maximumPendingCreates = 100_000
    /// Clients named in a report of a full store, largest first.
    package static let holdersInReport = 8

    /// Raw bytes of a chunk on the wire; no header makes a receiver allocate more.
    package static let chunkSize = 5 << 20
    /// What is compressed on trial before a whole chunk is: this many bytes at its start, middle and end.
    package static let chunkSampleSize = 16 << 10
    /// A chunk is stored raw unless LZ4 saves at least this share.
    package static let worthwhileSavingPercent = 10

    /// Part of the arena in use, in percent, from which objects that nobody reads move to a colder tier.
    package static let softLimitPercent = 80
    /// Part of the arena, in percent, that packed objects take at most while there is a spill folder.
    package static let warmLimitPercent = 30
    /// Objects on their way down at the same time, and threads that move objects. Each takes two packed parts of memory meanwhile.
    package static let maximumMoves = 2
    /// Raw bytes of a part of a packed object.
    package static let packedPartSize = 1 << 20
    /// Ticks of about a second that a request waits for room while nothing can move down.
    package static let roomWaitTicks = 10
    /// Requests for room that are looked at when something has become free, oldest first.
    package static let roomLooks = 64
    /// A request fails after this many ticks in any case.
    package static let roomWaitLimitTicks = 120
    /// Objects share spill files of this size. Files have holes where objects were deleted.
    package static let spillFileSize = 256 << 20
    package static let maximumSpillBytes = 1 << 40
    /// Part of the spill folder's disk, in percent, that may be in use after a spill, by whomever.
    package static let diskFullPercent = 95
    /// Ticks until a spill folder that refused is tried again.
    package static let spillRetryTicks = 3
}
