package import RayflowCore

/// What the shell of a ``StoreInstance`` has to do, in this order.
package enum StoreDirective: Sendable, Hashable {
    /// Put pages behind a slab, on a thread that may wait; answer with `slabReady` or `slabFailed`.
    case populateSlab(Int)
    /// Give the pages of an empty slab back, on a thread that may wait; answer with `slabReleased`.
    case releaseSlab(Int)
    /// Publish an index entry. Costs nanoseconds.
    case writeIndex(IndexEntry)
    /// Look for pins on a retired slot, after a fence; answer with `pinsChecked` before any other event.
    case checkPins(slot: UInt32)
    /// Look at all pin pages, before something moves down; answer with `pinsSeen` before any other event.
    case lookAtPins
    /// A pending creation has its answer: never `.pending`.
    case wake(ticket: UInt64, CreateResult)
    /// Bring an object to another tier, on a thread that may wait; answer with `moved` or `moveFailed`.
    case move(TierMove)
    /// Give the disk blocks of a region back, on a thread that may wait; answer with `spillFreed`.
    case freeSpill(extent: Int, SpillRegion)
    /// Delete a spill file that holds nothing, on a thread that may wait; answer with `spillFileDeleted`.
    case deleteSpillFile(Int)
    /// Somebody who waits for an object to come back has the answer: never `.pending`.
    case opened(ticket: UInt64, OpenResult)
    /// This node's copy of another node's object has made room for others: its owner is to know.
    case dropped(ObjectID, owner: Address)
}

/// One entry of the index in the control pages: written by the raylet, read by every process of the node.
package struct IndexEntry: Sendable, Hashable, BitwiseCopyable {
    package enum State: UInt64, Sendable, BitwiseCopyable {
        /// No object; the space may still be pinned by readers of the generation before.
        case retired = 0
        /// Being written by its creator, or brought back from a colder tier.
        case open = 1
        /// Immutable.
        case sealed = 2
    }

    package var object: ObjectID
    package var place: ObjectPlace
    package var state: State

    package init(object: ObjectID, place: ObjectPlace, state: State) {
        self.object = object
        self.place = place
        self.state = state
    }
}
